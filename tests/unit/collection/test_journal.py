"""Journals of stages that were edited by hand: one line, and nothing is written."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from ferspec.api.dataset.build import build
from ferspec.errors import UserError
from helpers.photo_sources import STAND_INS, encoded, on_wall, pictures

OTHER = (b"junk", encoded(on_wall(np.zeros((20, 20, 3), np.uint8))))


def built(folder):
    return build(folder / "out", [folder / "found"], per_class=1, seed=1, detectors=STAND_INS)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    for path, content in pictures(1).items():
        (folder / "found" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "found" / path).write_bytes(content)
    assert built(folder).state == "complete"
    return folder


@pytest.fixture
def copied(first, tmp_path):
    """A copy of a finished build, to change."""
    return shutil.copytree(first, tmp_path / "copy")


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*") if path.is_file()}


def edited(path, change):
    """Change every line of a journal by hand, as ``change`` does with the parsed one."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(change(line))}\n" for line in lines))


@pytest.mark.parametrize(
    ("stage", "values"),
    [
        ("1-collect", {"transient": None}),
        ("1-collect", {"file": "pictures/../../elsewhere.png"}),
        ("1-collect", {"digest": 7}),
        ("2-clean", {"first": "left of the tree"}),
        ("2-clean", {"first": [[[1, 2, 3], 0.5]]}),
        ("2-clean", {"height": -1}),
        ("2-clean", {"sharpness": "high"}),
        ("2-clean", {"pairs": [["a", "b"]]}),
        ("2-clean", {"pairs": [["0" * 64, "1" * 64]]}),
        ("3-crop", {"pixels": "pale"}),
    ],
    ids=str,
)
def test_a_journal_that_was_edited_by_hand_is_refused_with_its_line(copied, stage, values):
    path = copied / "out" / stage / "journal.jsonl"
    before = digests(copied / "out" / "set")
    edited(path, lambda line: line | {name: value for name, value in values.items() if name in line})
    with pytest.raises(UserError, match=r"journal.jsonl: the line of '.*' was changed: .*: remove it") as refused:
        built(copied)
    assert "\n" not in str(refused.value)
    assert digests(copied / "out" / "set") == before


def test_a_box_that_was_moved_out_of_the_picture_by_hand_is_refused(copied):
    far = [[[9000, 9000, 9100, 9100], 1.0]]
    edited(
        copied / "out" / "2-clean" / "journal.jsonl",
        lambda line: line | ({"first": far, "second": far, "width": 9999, "height": 9999} if "first" in line else {}),
    )
    with pytest.raises(UserError, match="the box 9000 9000 9100 9100 lies outside the picture"):
        built(copied)


def test_a_line_that_is_not_json_is_measured_again(copied):
    path = copied / "out" / "2-clean" / "journal.jsonl"
    path.write_text("{not json\n" + path.read_text().partition("\n")[2])
    before = digests(copied / "out" / "set")
    assert built(copied).state == "complete"
    assert digests(copied / "out" / "set") == before


@pytest.mark.parametrize(
    "content", [b"junk", encoded(on_wall(np.zeros((20, 20, 3), np.uint8)))], ids=["junk", "another"]
)
def test_a_face_that_was_changed_by_hand_is_cut_again(copied, content):
    before = digests(copied / "out" / "set")
    for path in (copied / "out" / "3-crop" / "pictures").iterdir():
        path.write_bytes(content)
    shutil.rmtree(copied / "out" / "set")
    assert built(copied).state == "complete"
    assert digests(copied / "out" / "set") == before


@pytest.mark.parametrize(
    "content", [b"junk", encoded(on_wall(np.zeros((20, 20, 3), np.uint8)))], ids=["junk", "another"]
)
@pytest.mark.parametrize(("changed", "later"), [("1-collect", "2-clean"), ("2-clean", "3-crop")])
def test_a_picture_that_was_changed_by_hand_is_named(copied, changed, later, content):
    path = sorted((copied / "out" / changed / "pictures").iterdir())[0]
    path.write_bytes(content)
    shutil.rmtree(copied / "out" / later)
    with pytest.raises(
        UserError, match=f"{path.name}.*it was changed: remove the file, and run the same command again"
    ):
        built(copied)
    path.unlink()
    assert built(copied).state == "complete"
