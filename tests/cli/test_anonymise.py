"""``ferspec dataset anonymise``: pixels and labels stay, and nothing else that identifies a person."""

import csv
import json

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import ferspec as public
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers import open_splits
from helpers.layouts import CLASSES, class_folders, picture

SECRET = "Jane Roe"


@pytest.fixture
def private(tmp_path):
    """One picture of each class; three with names, places and comments in every kind of metadata."""
    root = class_folders(tmp_path / "private", dict.fromkeys(CLASSES, 1))
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0112] = SECRET, SECRET, 6
    exif.get_ifd(0x8825).update({1: "N", 2: (60.0, 10.0, 0.0)})
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET)
    text.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
    image = Image.fromarray(picture("jane", (12, 20)))
    image.save(root / "Happy" / "jane_roe.jpg", exif=exif, comment=SECRET, quality=95)
    image.save(root / "Sad" / "jane roe 1990-02-03.png", pnginfo=text)
    image.save(root / "Fear" / "jane@roe.example.webp", exif=exif, xmp=f"<x>{SECRET}</x>".encode(), lossless=True)
    return root


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels_by_class(folder):
    listing = open_splits(folder).chosen().turned()
    pairs = [(CLASSES[label], listing.fetch(index)[1].tobytes()) for index, label in enumerate(listing.labels)]
    return sorted(pairs)


def test_neither_metadata_nor_names_remain(ferspec, private, tmp_path):
    status, out, _ = ferspec("dataset", "anonymise", private, "--out", tmp_path / "faces", "--json")
    found = json.loads(out)
    assert (status, found["total"], found["splits"][""]["Happy"]) == (0, 10, 2)
    copies = contents(tmp_path / "faces")
    text = b"\n".join((*copies.values(), "\n".join(copies).encode())).lower()
    assert not [word for word in (SECRET.lower().encode(), b"jane", b"1990-02") if word in text]


def test_a_copy_has_chunks_of_pixels_only(private, tmp_path):
    public.dataset.anonymise(private, tmp_path / "faces")
    for path in (tmp_path / "faces").rglob("*.png"):
        with Image.open(path) as image:
            image.load()
            assert (image.info, dict(image.getexif())) == ({}, {})


def test_upright_pixels_and_labels_stay(private, tmp_path):
    public.dataset.anonymise(private, tmp_path / "faces")
    assert pixels_by_class(tmp_path / "faces") == pixels_by_class(private)
    turned = [np.array(Image.open(path)).shape for path in (tmp_path / "faces" / "Happy").iterdir()]
    assert (20, 12, 3) in turned


def test_licence_and_consent_are_columns_and_unknown_is_shown(private, tmp_path):
    public.dataset.anonymise(private, tmp_path / "faces")
    with open(tmp_path / "faces" / "manifest.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert {(row["licence"], row["consent"]) for row in rows} == {("unknown", "unknown")}
    assert [row["path"] for row in rows] == sorted(path for path in contents(tmp_path / "faces") if ".png" in path)


def test_the_order_of_the_names_does_not_matter(private, tmp_path):
    public.dataset.anonymise(private, tmp_path / "first")
    (private / "Happy" / "jane_roe.jpg").rename(private / "Happy" / "0.jpg")
    public.dataset.anonymise(private, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_splits_and_equal_pictures_are_kept(tmp_path):
    for split in ("train", "test"):
        class_folders(tmp_path / "set" / split, dict.fromkeys(CLASSES, 2))
    first = tmp_path / "set" / "train" / "Sad"
    (first / "again.png").write_bytes((first / "000.png").read_bytes())
    found = public.dataset.anonymise(tmp_path / "set", tmp_path / "faces")
    assert {name: sum(counts.values()) for name, counts in found.splits.items()} == {"train": 15, "test": 14}
    assert len(list((tmp_path / "faces" / "train" / "Sad").glob("*-2.png"))) == 1


def test_an_unreadable_picture_leaves_nothing(ferspec, private, tmp_path):
    (private / "Sad" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    before = sorted(tmp_path.iterdir())
    status, out, err = ferspec("dataset", "anonymise", private, "--out", tmp_path / "faces")
    assert (status, out, "nothing was written" in err) == (2, "", True)
    assert sorted(tmp_path.iterdir()) == before


def test_an_existing_folder_is_refused(private, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        public.dataset.anonymise(private, tmp_path / "faces")


def test_a_copy_inside_the_set_is_refused_and_no_folder_is_left_of_a_refused_one(private, tmp_path):
    with pytest.raises(UserError, match="read as a part of it"):
        public.dataset.anonymise(private, private / "copy")
    (private / "Happy" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UserError, match="cannot be read"):
        public.dataset.anonymise(private, tmp_path / "new" / "deep" / "faces")
    assert [path.name for path in tmp_path.iterdir()] == ["private"]
    assert not (private / "copy").exists()
