"""Metadata and file names that may identify people, and those that do not."""

import pytest

from ferspec.subjects.datasets.decoders.facts import described
from ferspec.subjects.datasets.inspection.facts import parse_facts
from ferspec.subjects.datasets.inspection.names import address_in, likely_name_in
from helpers.made.sets import exif, saved


def identifying(data):
    return parse_facts(described(data)).identifying()


@pytest.mark.parametrize(
    ("data", "entries"),
    [
        (saved("JPEG", exif=exif(tag_0x8298="a studio")), ("EXIF Copyright",)),
        (saved("JPEG", exif=exif(tag_0x8298="   ")), ()),
        (saved("JPEG", exif=exif(gps={1: "N"})), ("EXIF GPS",)),
        (saved("WEBP", exif=exif(tag_0x013B="name")), ("EXIF Artist",)),
        (saved("TIFF", tiffinfo={270: "name"}), ("EXIF ImageDescription",)),
        (saved("JPEG", exif=exif(tag_0x0112=3, tag_0x011A=72.0)), ()),
        (saved("JPEG", comment=b"CREATOR: gd-jpeg v1.0"), ()),
        (saved("GIF", comment=b"a name"), ("comment",)),
        (saved("PNG"), ()),
    ],
)
def test_entries_of_a_file(data, entries):
    assert identifying(data) == entries


def test_a_users_comment_without_text_says_nothing():
    empty, full = (exif(), exif())
    empty.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + b"\0" * 20
    full.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0a name"
    assert identifying(saved("JPEG", exif=empty)) == ()
    assert identifying(saved("JPEG", exif=full)) == ("EXIF UserComment",)


def test_damaged_exif_data_are_reported():
    assert identifying(saved("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 30)) == ("damaged metadata",)


def test_the_lists_of_an_answer_are_cut_off():
    many = exif(**{f"tag_0x{0xC000 + number:04X}": "x" * 900 for number in range(60)})
    assert len(described(saved("JPEG", exif=many))) < 4096


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Happy/someone@example.org.jpg", "someone@example.org.jpg"),
        ("Happy/@handle_3.jpg", "@handle_3.jpg"),
        ("Happy/https%3A%2F%2Fexample.org.png", "https%3A%2F%2Fexample.org.png"),
        ("Happy/www.example.org_7.png", "www.example.org_7.png"),
        ("Happy/image@2x.png", None),
        ("Happy/wwwhappy.png", None),
        ("Happy/smile_0001.png", None),
    ],
)
def test_addresses_in_names(name, address):
    assert address_in(name) == address


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Happy/Ada_Lovelace_0001.jpg", "Ada_Lovelace"),
        ("Happy/Marie Curie.jpg", "Marie Curie"),
        ("Happy/John-F-Kennedy 3.png", "John-F-Kennedy"),
        ("Happy/Happy_Face_0001.jpg", None),
        ("Private_Test/Public_Test_10.jpg", None),
        ("Surprise/Surprise_Woman_Portrait.jpg", None),
        ("Happy/train_00001_aligned.jpg", None),
        ("Happy/YM.HA1.52.png", None),
        ("Happy/IMG_2024.jpg", None),
    ],
)
def test_words_that_look_like_a_name(name, found):
    assert likely_name_in(name) == found
