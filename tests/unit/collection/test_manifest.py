"""The manifests of a collection, and the list of withdrawn pictures."""

import hashlib

import pytest

from ferspec.collection.manifest import Row, manifest_paths, read_manifest, write_manifest
from ferspec.collection.tombstones import (
    WITHDRAWN,
    add_tombstones,
    address_digest,
    read_tombstones,
    tombstones_of,
    withdrawn_digests,
)
from ferspec.errors import UserError

DIGEST, PIXELS = "a" * 64, "b" * 64


def row(**fields):
    return Row(digest=DIGEST, pixels=PIXELS, label="Happy", **fields)


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    rows = [row(source='https://example.org/é,".jpg'), Row(decision="drop", reason="404")]
    assert read_manifest(write_manifest(tmp_path, "collect", rows)) == rows
    assert list(manifest_paths(tmp_path)) == ["collect"]


def test_only_the_first_stage_keeps_addresses(tmp_path):
    path = write_manifest(tmp_path, "clean", [row(source="https://example.org/jane-doe.jpg")])
    assert "jane" not in path.read_text()


def test_every_row_is_one_line_whatever_a_name_contains(tmp_path):
    path = write_manifest(tmp_path, "collect", [row(source="a\nb\r\u2028c\udcff.jpg")])
    assert len(path.read_text().splitlines()) == 2
    assert read_manifest(path)[0].source == "a b  c\\udcff.jpg"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na,Happy\n", "is not the manifest of a stage"),
        ("digest,label\na\n", "line 2: 1 cells instead of 2"),
        ("digest,decision\na,perhaps\n", "'perhaps' is not one of keep, drop, review"),
    ],
)
def test_another_table_is_refused(tmp_path, text, message):
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_manifest(tmp_path / "manifest.csv")


def test_a_withdrawn_picture_is_listed_once_by_digests_alone(tmp_path):
    address = "HTTPS://Example.org/jane.jpg#face"
    stones = tombstones_of(row(address=address_digest(address), source=address))
    add_tombstones(tmp_path, stones)
    add_tombstones(tmp_path, stones)
    known = hashlib.sha256(b"https://example.org/jane.jpg").hexdigest()
    assert read_tombstones(tmp_path) == [(DIGEST, "file"), (PIXELS, "pixels"), (known, "address")]
    assert withdrawn_digests(tmp_path) == {DIGEST, PIXELS, known}
    assert "jane" not in (tmp_path / WITHDRAWN).read_text()


@pytest.mark.parametrize("text", ["digest\n", "digest,kind\nabc,file\n", f"digest,kind\n{DIGEST},face\n"])
def test_a_damaged_list_of_withdrawn_pictures_is_refused(tmp_path, text):
    (tmp_path / WITHDRAWN).write_text(text)
    with pytest.raises(UserError, match=r"withdrawn\.csv"):
        withdrawn_digests(tmp_path)
