"""Pictures are known by their content, whatever their name; other kinds are named with their classes."""

import numpy as np
import pytest
from PIL import Image

from ferspec.subjects.datasets.kinds import kind_of
from ferspec.subjects.datasets.subject import open_dataset
from helpers.layouts import picture

# a name as downloads have it, and the format that Pillow writes under it
NAMES = {
    "a.jfif": "JPEG",
    "b.jpe": "JPEG",
    "c.jpg_large": "JPEG",
    "d": "JPEG",
    "e.image": "PNG",
    "f.gif": "GIF",
    "g.ppm": "PPM",
    "h.dat": "BMP",
    "i.avif": "AVIF",
    "j.heic": "WEBP",
    "k.jp2": "JPEG2000",
    "l.png": "TIFF",
}
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def happy(tmp_path):
    folder = tmp_path / "Happy"
    folder.mkdir()
    return folder


def test_pictures_are_read_under_any_name(happy):
    gray = picture("a face", (16, 16))[..., :1].repeat(3, axis=2)
    for name, kind in NAMES.items():
        Image.fromarray(gray).save(happy / name, kind)
    dataset = open_dataset(happy.parent)
    assert dataset.ids == tuple(f"Happy/{name}" for name in NAMES)
    assert not any("skipped" in note for note in dataset.notes)
    exact = [name for name, kind in NAMES.items() if kind in ("PNG", "GIF", "PPM", "BMP", "JPEG2000", "TIFF")]
    for index in (dataset.ids.index(f"Happy/{name}") for name in exact):
        np.testing.assert_array_equal(dataset.image(index), gray)


def test_the_first_frame_of_an_animation_is_read(happy):
    first, second = (Image.fromarray(picture(name)[..., 0]) for name in ("first", "second"))
    first.save(happy / "moving.gif", save_all=True, append_images=[second])
    np.testing.assert_array_equal(open_dataset(happy.parent).image(0)[..., 0], np.asarray(first))


def test_pictures_that_are_not_read_are_named_with_their_kinds_and_classes(happy):
    (happy.parent / "Sad").mkdir()
    for path in ("Happy/1.png", "Sad/1.png"):
        Image.fromarray(picture(path)).save(happy.parent / path)
    for path in ("Happy/2.heic", "Happy/3", "Sad/2.jfif", "4.heif"):
        (happy.parent / path).write_bytes(HEIC)
    (happy / "about.txt").write_text("P5 and BM begin files of pictures, GIF8 not yet")
    assert open_dataset(happy.parent).notes[:2] == (
        "HEIC files were skipped: 4 (2 in Happy, 1 in Sad, 1 in no class folder): save them as PNG",
        "files that are not images were skipped: 1 (1 .txt)",
    )


@pytest.mark.parametrize("text", [b"", b"P5 is a format", b"BMW, Audi and other cars", b"RIFF", b"GIF8 no", b"II*"])
def test_text_is_not_taken_for_a_picture(text):
    assert kind_of(text) is None
