"""Writing a run: complete files only, the record last, and never into a foreign folder."""

import errno
import os

import pytest

from ferspec.errors import UserError
from ferspec.grid.training.writing import begun_run
from ferspec.subjects.runs.artifacts.record import FINISHED_FILES, RUN, read_run, require_artifact
from helpers.tiny import runs as tiny_runs


@pytest.fixture(scope="module")
def trained():
    """A network, made once."""
    return tiny_runs.network()


@pytest.fixture
def full_disk(monkeypatch):
    """A function that limits the number of further files."""

    def after(files):
        left, replace = [files], os.replace

        def limited(source, target):
            if left[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left[0] -= 1
            replace(source, target)

        monkeypatch.setattr(os, "replace", limited)

    return after


@pytest.mark.parametrize("written", range(len(FINISHED_FILES) + 1))
def test_a_disk_that_fills_up_leaves_a_training_that_is_not_finished(tmp_path, trained, full_disk, written):
    data = tiny_runs.data()
    run = tiny_runs.begin(tmp_path, data)
    full_disk(written)
    with pytest.raises(UserError, match="No space left on device"):
        tiny_runs.finish(tmp_path, run, data, trained)
    assert read_run(tmp_path) == run
    there = {path.name for path in tmp_path.iterdir()}
    assert len(there - {RUN}) == written
    assert there <= {RUN, *FINISHED_FILES}
    with pytest.raises(UserError, match="not finished"):
        require_artifact(tmp_path, run, FINISHED_FILES[0])


def test_leftovers_of_a_killed_process_are_removed(tmp_path, trained):
    data = tiny_runs.data()
    run = tiny_runs.begin(tmp_path, data)
    (tmp_path / ".model.x1y2z3.keras").write_bytes(b"half a network")
    (tmp_path / ".curves.x1y2z3.svg").write_bytes(b"half a picture")
    (tmp_path / ".lock").touch()
    tiny_runs.finish(tmp_path, run, data, trained)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", RUN, *FINISHED_FILES}


@pytest.mark.parametrize("kind", ["absent", "empty", "with a lock", "with half a record"])
def test_a_folder_without_a_run_is_free(tmp_path, kind):
    folder = tmp_path / "out"
    if kind != "absent":
        folder.mkdir()
    if kind == "with a lock":
        (folder / ".lock").touch()
    if kind == "with half a record":
        (folder / ".run.abc.json").write_text("{")
    assert begun_run(folder, tiny_runs.CELL, tiny_runs.SETTINGS) is None


def test_the_same_training_is_found_whether_finished_or_not(tmp_path, trained):
    data = tiny_runs.data()
    run = tiny_runs.begin(tmp_path, data)
    (tmp_path / "state").mkdir()
    assert begun_run(tmp_path, tiny_runs.CELL, tiny_runs.SETTINGS) == run
    finished = tiny_runs.finish(tmp_path, run, data, trained)
    assert begun_run(tmp_path, tiny_runs.CELL, tiny_runs.SETTINGS) == finished
    assert finished.status == "finished"


@pytest.mark.parametrize(
    ("cell", "settings", "words"),
    [
        ("vggnet-scratch-48-synthetic-simple", {}, f"{tiny_runs.CELL}, not of vggnet-scratch-48-synthetic-simple"),
        (tiny_runs.CELL, {"seed": 4}, "with seed 3, not 4"),
        (tiny_runs.CELL, {"epochs_cap": 2}, "with epochs cap None, not 2"),
        (tiny_runs.CELL, {"precision": "mixed_bfloat16"}, "with precision float32, not mixed_bfloat16"),
        (tiny_runs.CELL, {"profile": "paper"}, "with profile released, not paper"),
    ],
)
def test_another_training_in_the_folder_is_named_by_its_difference(tmp_path, cell, settings, words):
    tiny_runs.begin(tmp_path, tiny_runs.data())
    with pytest.raises(UserError) as caught:
        begun_run(tmp_path, cell, tiny_runs.SETTINGS.model_copy(update=settings))
    assert words in str(caught.value)


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_finished_training_that_is_not_whole_is_refused(tmp_path, trained, damage):
    data = tiny_runs.data()
    tiny_runs.finish(tmp_path, tiny_runs.begin(tmp_path, data), data, trained)
    for name in FINISHED_FILES:
        content = (tmp_path / name).read_bytes()
        if damage == "missing":
            (tmp_path / name).unlink()
        else:
            (tmp_path / name).write_bytes(content + b"0")
        with pytest.raises(UserError, match=rf"{name} .*: choose another --out, or empty it"):
            begun_run(tmp_path, tiny_runs.CELL, tiny_runs.SETTINGS)
        (tmp_path / name).write_bytes(content)
    assert begun_run(tmp_path, tiny_runs.CELL, tiny_runs.SETTINGS).status == "finished"


def test_a_folder_of_other_files_and_a_file_are_refused(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(UserError, match=r"contains holiday.jpg but no run.json"):
        begun_run(tmp_path, tiny_runs.CELL, tiny_runs.SETTINGS)
    with pytest.raises(UserError, match="is a file"):
        begun_run(tmp_path / "holiday.jpg", tiny_runs.CELL, tiny_runs.SETTINGS)
