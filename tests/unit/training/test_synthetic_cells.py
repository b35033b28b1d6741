"""A cell on synthetic faces needs no download, and its faces are the same in every run."""

import signal

from ferspec.grid.cells import find_cell
from ferspec.subjects.runs.artifacts.record import Settings
from ferspec.subjects.runs.data.load import open_training_data
from ferspec.subjects.runs.data.sources import synthetic_faces
from helpers.layouts import CLASSES
from helpers.processes import run_python
from helpers.waiting import alive, wait_until

CELL = find_cell("sequentialsimple-scratch-48-synthetic-conservative")


def opened(seed=1, **fields):
    settings = Settings(profile="released", seed=seed, global_batch=32, replicas=1, **fields)
    return open_training_data(CELL, None, settings)


def effects(data) -> dict[tuple[str, str], str]:
    return {(entry.clause, entry.option): entry.effect for entry in data.deviations}


def test_synthetic_faces_need_no_data_root_and_say_that_they_certify_nothing():
    data = opened(subset=70)
    for part, size in ((data.training, 100), (data.validation, 100), (data.btfer, 256)):
        assert part.dataset == "synthetic"
        assert len(part) == 70
        assert tuple(part.record().support.values()) == part.drawn.counts
        assert {(entry.height, entry.width) for entry in part.entries} == {(size, size)}
        assert part.drawn.size == size
    assert data.btfer.drawn.counts == (10,) * len(CLASSES)
    assert data.training.drawn.counts[CLASSES.index("Happy")] == max(data.training.drawn.counts) > 20
    assert "certify nothing about people" in effects(data)["FER-G-02", "synthetic"]
    assert effects(data)["FER-D-01", "--subset 70"].startswith("training 70 of 5,111, validation 70 of 763, BTFER 70 ")
    assert not {"FER-V-01", "FER-D-05", "FER-D-06", "FER-D-11"} & {clause for clause, _ in effects(data)}


def test_all_runs_see_the_same_synthetic_faces_and_splits_share_none():
    first, other = (opened(subset=7, seed=seed) for seed in (1, 2))
    for name in ("training", "validation", "btfer"):
        assert getattr(first, name).record() == getattr(other, name).record()
    assert len({face.seed for face in synthetic_faces().values()}) == 3
    pictures = [entry.pixels_sha256 for part in (first.training, first.validation) for entry in part.entries]
    assert len(set(pictures)) == 14


def test_the_record_of_a_split_reproduces_its_faces():
    from ferspec.subjects.datasets.subject import synthetic_dataset

    part = opened(subset=7).btfer
    redrawn = synthetic_dataset(part.drawn.counts, part.drawn.size, part.drawn.seed, drawn_at=part.drawn.drawn_at)
    assert part.entries == redrawn.entries


def test_processes_draw_the_same_faces_without_loading_a_framework():
    script = (
        "import sys\n"
        "from ferspec.subjects.datasets.readers.synthetic import draw_face, drawing_processes\n"
        "if __name__ == '__main__':\n"
        "    with drawing_processes(2) as draw:\n"
        "        faces = [draw(5, 'Fear', index, 24, 20) for index in range(3)]\n"
        "    assert all((face == draw_face(5, 'Fear', index, 24, 20)).all() for index, face in enumerate(faces))\n"
        "    print([name for name in ('tensorflow', 'keras', 'torch', 'pandas') if name in sys.modules])\n"
    )
    done = run_python(script, check=True)
    assert done.stdout == "[]\n"
    assert done.stderr == ""


def test_a_process_that_draws_ends_with_the_one_that_was_killed(tmp_path):
    script = (
        "import os, signal\n"
        "from ferspec.subjects.datasets.readers.synthetic import drawing_processes\n"
        "if __name__ == '__main__':\n"
        "    with drawing_processes(2) as draw:\n"
        "        draw(5, 'Fear', 0, 24, 20)\n"
        "        import multiprocessing\n"
        "        print(*(child.pid for child in multiprocessing.active_children()), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # a file: a pipe would be held open by those that are left
    with (tmp_path / "processes").open("w+") as printed:
        done = run_python(script, stdout=printed)
        printed.seek(0)
        left = [int(process) for process in printed.read().split()]
    assert done.returncode == -signal.SIGKILL
    assert left
    wait_until(lambda: not any(map(alive, left)))
