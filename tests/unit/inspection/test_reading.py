"""Every image of a set is read once, in all its splits; what cannot be read is a finding."""

import numpy as np
import pytest

from ferspec.subjects.datasets.inspection.facts import parse_facts
from ferspec.subjects.datasets.inspection.reading import SMALL, read_set, shrunk
from helpers.layouts import class_folders, fer2013_csv
from helpers.made.sets import exif, in_folders, saved


def test_all_splits_of_a_table_are_read_with_their_names(tmp_path):
    rows = [("Happy", "Training"), ("Sad", "Training"), ("Fear", "PublicTest"), ("Angry", "PrivateTest")]
    found = read_set(fer2013_csv(tmp_path / "fer2013.csv", rows))
    assert sorted(found.splits) == ["PrivateTest", "PublicTest", "Training", "Training"]
    assert {name for name, count in found.counts.items() if count} == {"Happy", "Sad", "Fear", "Angry"}
    assert found.gray.all()
    assert set(found.facts) == {None}


def test_the_same_name_in_two_splits_names_two_images(tmp_path):
    for split in ("train", "test"):
        class_folders(tmp_path / split, {"Happy": 1, "Sad": 1})
    found = read_set(tmp_path)
    assert len({entry.path for entry in found.entries}) == len(found) == 4


def test_an_unreadable_image_is_listed_with_its_class_and_the_reason(tmp_path):
    found = read_set(in_folders(tmp_path, {"Happy/cut.jpg": b"\xff\xd8\xff no picture"}))
    (one,) = found.unreadable
    assert (one.id, one.label) == ("Happy/cut.jpg", "Happy")
    assert "cannot be decoded" in one.reason or "not an image" in one.reason
    assert (len(found), found.total, found.counts["Happy"]) == (2, 3, 2)


def test_a_file_is_described_in_the_decoder(tmp_path):
    found = read_set(in_folders(tmp_path, {"Happy/a.jpg": saved("JPEG", exif=exif(tag_0x013B="name", tag_0x0112=6))}))
    facts = next(facts for entry, facts in zip(found.entries, found.facts, strict=True) if entry.path == "Happy/a.jpg")
    assert (facts.format, facts.mode, facts.frames, facts.orientation) == ("JPEG", "RGB", 1, 6)
    assert facts.identifying() == ("EXIF Artist",)


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"format": "PNG"}', b'{"mode": 1}' * 3])
def test_an_answer_of_another_form_is_not_believed(answer):
    assert parse_facts(answer).identifying() == ("damaged metadata",)


def test_large_images_are_shrunk_by_whole_pixels():
    image = np.full((5 * SMALL, 2 * SMALL, 3), 7, np.uint8)
    assert shrunk(image).shape == (SMALL, 2 * SMALL // 5, 3)
    assert shrunk(image[:SMALL, :SMALL]).shape == (SMALL, SMALL, 3)
