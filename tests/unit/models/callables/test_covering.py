"""The digest of a callable covers every file that it reads, and changes with each of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.callables import discovery, opened
from ferspec.subjects.models.callables.discovery import discover
from ferspec.subjects.models.callables.locate import locate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which files are opened")
READ = ("net.py", "sub/helper.py", "weights.bin")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a callable, what it reads and what it does not read."""
    monkeypatch.chdir(tmp_path)
    for name in (*READ, "unused.py", "faces/labels.csv", "env/pyvenv.cfg", "env/lib.py", "__pycache__/net.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def covered(*names, hidden=(), is_limited=True):
    """Discover a callable that opens these files."""

    def attempt():
        for name in names:
            Path(name).read_bytes()
        return is_limited

    return discover(locate("net:f"), [Path(path).absolute() for path in hidden], attempt)


def paths(found):
    return [file.path for file in found.coverage().files]


def test_what_is_opened_is_covered(folder):
    found = covered("sub/helper.py", "weights.bin")
    assert paths(found) == sorted(READ)
    assert found.readable == tuple(folder / name for name in sorted(READ))
    assert found.coverage().caveat is None


def test_modules_that_are_imported_only_in_a_later_call_are_covered(folder):
    (folder / "net.py").write_text("def f(x):\n    if x:\n        import sub.late, numpy, env.lib, absent\n")
    (folder / "sub" / "late.py").write_text("from . import helper\nfrom ..outside import x\nfrom faces import labels\n")
    (folder / "outside.py").write_text("(")
    (folder / "faces" / "labels.py").write_text("")
    expected = ["net.py", "outside.py", "sub/helper.py", "sub/late.py"]
    assert paths(covered(hidden=["faces"])) == expected
    assert paths(covered("unused.py", hidden=["faces"])) == sorted([*expected, "unused.py"])


@pytest.mark.parametrize("others", [[["unused.py"], []], [["unused.py", "faces/labels.csv"], ["unused.py"], []]])
def test_what_another_program_opens_during_some_attempts_is_not_covered(folder, others):
    opened = iter([["weights.bin", *names] for names in (*others, [])])

    def attempt():
        return bool([Path(name).read_bytes() for name in next(opened)])

    assert paths(discover(locate("net:f"), [], attempt)) == ["net.py", "weights.bin"]


def test_the_module_itself_is_covered_whatever_it_says_of_its_file(folder):
    assert paths(covered("unused.py")) == ["net.py", "unused.py"]


def test_a_file_that_a_program_started_by_the_callable_opens_is_covered(folder):
    def attempt():
        return subprocess.run(["cat", "weights.bin"], check=True, timeout=20, capture_output=True).returncode == 0

    assert paths(discover(locate("net:f"), [], attempt)) == ["net.py", "weights.bin"]


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("name", READ)
def test_a_changed_file_changes_the_digest(folder, name):
    found = covered(*READ)
    before = found.coverage().digest
    (folder / "unused.py").write_text("changed")
    assert found.coverage().digest == before
    (folder / name).write_text("changed")
    assert found.coverage().digest != before


@pytest.mark.hostile("models that cheat")
def test_a_renamed_file_changes_the_digest(folder):
    first = covered(*READ).coverage().digest
    (folder / "weights.bin").rename(folder / "w.bin")
    assert covered("net.py", "sub/helper.py", "w.bin").coverage().digest != first


@pytest.mark.hostile("models that cheat")
def test_the_dataset_is_never_covered(folder):
    assert paths(covered("faces/labels.csv", "weights.bin", hidden=["faces"])) == ["net.py", "weights.bin"]


@pytest.mark.hostile("models that cheat")
def test_the_dataset_is_not_covered_through_a_link_either(folder):
    (folder / "innocent").symlink_to(folder / "faces")
    assert paths(covered("innocent/labels.csv", hidden=["faces"])) == ["net.py"]


def test_a_callable_inside_the_dataset_is_refused(folder):
    with pytest.raises(UserError, match="which a model may not read: move it to another folder"):
        covered(hidden=["."])


def test_environments_and_caches_are_not_covered(folder):
    assert paths(covered("env/lib.py", "__pycache__/net.pyc")) == ["net.py"]


def test_a_link_to_a_covered_file_is_covered_and_readable(folder):
    (folder / "latest.bin").symlink_to("weights.bin")
    (folder / "alias").symlink_to("sub")
    found = covered("latest.bin", "alias/helper.py")
    assert paths(found) == ["alias/helper.py", "latest.bin", "net.py", "sub/helper.py", "weights.bin"]


def test_without_isolation_only_the_module_is_covered_and_the_caveat_says_so(folder):
    found = covered("weights.bin", is_limited=False)
    assert paths(found) == ["net.py"]
    assert found.readable == (folder,)
    assert found.coverage().caveat == "The digest covers only net.py; other code and other files are not covered."


def test_a_system_that_cannot_watch_covers_only_the_module(folder, monkeypatch):
    monkeypatch.setattr(discovery, "can_watch", lambda: False)
    assert not covered("weights.bin").complete


def test_of_an_installed_package_every_file_is_covered():
    found = discover(locate("filelock:f"), [], pytest.fail)
    inside = found.located.root / "filelock"
    expected = {path for path in inside.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert set(found.files) == expected
    assert found.complete


@pytest.mark.parametrize(
    ("limit", "module", "says"),
    [
        ("MOST_FOLDERS", opened, "holds more than 1 folders: move the callable"),
        ("MOST_FILES", discovery, "reads 3 files of .*: its digest covers at most 1"),
    ],
)
def test_too_much_to_cover_is_one_line(folder, monkeypatch, limit, module, says):
    monkeypatch.setattr(module, limit, 1)
    with pytest.raises(UserError, match=says):
        covered(*READ)


def test_a_file_that_vanishes_is_an_error(folder):
    found = covered(*READ)
    os.unlink("weights.bin")
    with pytest.raises(UserError, match=r"weights\.bin: No such file"):
        found.coverage()
