"""Sources of a collection that lie: paths and links that lead out, bombs, odd names, moving pictures."""

import io
import os
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from ferspec.api.dataset.build import build
from ferspec.collection.manifest import read_manifest
from ferspec.collection.sources import open_source
from ferspec.errors import UserError
from helpers.photo_sources import encoded, faces, on_wall

pytestmark = pytest.mark.hostile("sources of pictures")


@pytest.fixture(scope="module")
def picture():
    return on_wall(faces(1)[0][2])


@pytest.fixture(scope="module")
def content(picture):
    return encoded(picture)


def collected(tmp_path, source):
    """Collect a source; return the rows, after a check that nothing was written outside the folder."""
    before = {path for path in tmp_path.rglob("*") if tmp_path / "out" not in (path, *path.parents)}
    build(tmp_path / "out", [source], until="collect", megabytes=1)
    assert {path for path in tmp_path.rglob("*") if tmp_path / "out" not in (path, *path.parents)} == before
    return read_manifest(tmp_path / "out" / "1-collect" / "manifest.csv")


def png(width, height, depth, kind, data):
    """Return a PNG of a header and compressed data, whatever they say."""

    def chunk(name, content):
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((depth, kind, 0, 0, 0))
    packed = chunk(b"IDAT", zlib.compress(data, 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


def bomb():
    """Return a PNG of 40,000 × 40,000 pixels in a few kilobytes."""
    return png(40_000, 40_000, 8, 0, bytes(1 << 20))


@pytest.mark.slow
def test_100_000_tiny_files_are_collected_in_bounded_memory(tmp_path):
    resource = pytest.importorskip("resource", reason="Windows does not say how much memory a process took")
    folder = tmp_path / "Happy"
    folder.mkdir()
    for number in range(100_000):
        # one row of two pixels, which no other file has
        (folder / str(number)).write_bytes(png(2, 1, 8, 2, b"\0" + number.to_bytes(6, "big")))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = build(tmp_path / "out", [folder], until="collect")
    assert found.stages["collect"].kept == 100_000
    # kilobytes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000


@pytest.mark.parametrize("name", ["../out.png", "Happy/../../out.png", "/tmp/out.png", "..\\out.png"])
def test_a_name_that_leads_out_of_an_archive_is_refused(tmp_path, content, name):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("Happy/1.png", content)
        archive.writestr(name, content)
    with pytest.raises(UserError, match="leads out of it"):
        collected(tmp_path, tmp_path / "set.zip")


def test_links_in_an_archive_are_not_followed(tmp_path, content):
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        link = tarfile.TarInfo("Happy/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        file = tarfile.TarInfo("Happy/1.png")
        file.size = len(content)
        archive.addfile(file, io.BytesIO(content))
    assert [row.source for row in collected(tmp_path, tmp_path / "set.tar")] == ["set.tar/Happy/1.png"]


@pytest.mark.skipif(os.name == "nt", reason="Windows allows links to few users")
def test_links_out_of_a_folder_are_refused(tmp_path, content):
    (tmp_path / "set" / "Happy").mkdir(parents=True)
    (tmp_path / "set" / "Happy" / "1.png").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match="links that lead out of it"):
        collected(tmp_path, tmp_path / "set")
    (tmp_path / "list.csv").write_text("file,label\nset/Happy/1.png,Happy\n")
    (tmp_path / "set" / "list.csv").write_text("file,label\nHappy/1.png,Happy\n")
    with pytest.raises(UserError, match="links that lead out of it"):
        list(open_source(tmp_path / "set" / "list.csv"))


@pytest.mark.parametrize("file", ["../secret.png", "/etc/passwd", "..\\secret.png"])
def test_a_table_cannot_name_a_file_outside_its_folder(tmp_path, file):
    (tmp_path / "list.csv").write_text(f"file,label\n{file},Happy\n")
    with pytest.raises(UserError, match=r"line 2: the file .* is not below"):
        list(open_source(tmp_path / "list.csv"))


def test_a_bomb_costs_one_picture(tmp_path, content):
    (tmp_path / "Happy").mkdir()
    (tmp_path / "Happy" / "1-bomb.png").write_bytes(bomb())
    (tmp_path / "Happy" / "2.png").write_bytes(content)
    (tmp_path / "Happy" / "3-large.png").write_bytes(bytes(2 << 20))
    first, second, third = collected(tmp_path, tmp_path / "Happy")
    assert "exceed the limit" in first.reason or "cannot be decoded" in first.reason
    assert second.is_kept
    assert "too large" in third.reason


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_in_any_encoding_are_read_and_none_is_kept(tmp_path, content):
    names = [b"caf\xe9.png", "Jane Doe \u202e gnp.exe".encode(), "表情.png".encode("shift_jis"), b"a\nb.png"]
    folder = tmp_path / "Happy"
    folder.mkdir()
    for number, name in enumerate(names):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(content + bytes(number))
    rows = collected(tmp_path, folder)
    assert len(rows) == len(names)
    assert sum(row.is_kept for row in rows) == 1
    kept = [path.name for path in (tmp_path / "out" / "1-collect" / "pictures").iterdir()]
    assert all(set(name.partition(".")[0]) <= set("0123456789abcdef") for name in kept)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_the_first_frame_of_a_moving_picture_is_taken(tmp_path, picture, kind):
    from PIL import Image

    folder = tmp_path / "Happy"
    folder.mkdir()
    frames = [Image.fromarray(picture), Image.fromarray(255 - picture)]
    frames[0].save(folder / "moving", kind, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    (row,) = collected(tmp_path, folder)
    assert row.is_kept
    with Image.open(tmp_path / "out" / "1-collect" / row.file) as kept:
        assert kept.n_frames == 2
        difference = np.abs(np.asarray(kept.convert("RGB"), int) - picture).mean()
    assert difference < 20


def test_folders_without_a_class_and_other_paths_are_refused(tmp_path, content):
    (tmp_path / "holiday" / "beach").mkdir(parents=True)
    (tmp_path / "holiday" / "beach" / "1.png").write_bytes(content)
    with pytest.raises(UserError, match="named for a class or a query"):
        list(open_source(tmp_path / "holiday"))
    with pytest.raises(UserError, match="there is no such"):
        list(open_source(tmp_path / "missing"))
    with pytest.raises(UserError, match="does not name one class"):
        list(open_source(tmp_path / "holiday" / "beach" / "1.png"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("address,label\nhttp://a/1.jpg,Happy\n", "needs the column url or file"),
        ("url,label\nhttp://a/1.jpg,Joyous\n", "line 2: 'Joyous' does not name one class"),
        ("url,label,consent\nhttp://a/1.jpg,Happy,perhaps\n", "line 2: the consent 'perhaps'"),
        ("url,label,ethnicity\nhttp://a/1.jpg,Happy,Jane Doe\n", "line 2: the ethnicity 'Jane Doe'"),
        ("url,file,label\n,,Happy\n", "line 2: neither url nor file"),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        list(open_source(tmp_path / "list.csv"))


def test_a_table_gives_terms_licence_and_consent_and_a_text_file_its_name(tmp_path):
    (tmp_path / "list.csv").write_text(
        "url,query,class,age,license,consent\nhttp://a/1.jpg,asian woman,Sad,elderly,CC0,Yes\n"
    )
    (found,) = open_source(tmp_path / "list.csv")
    assert found.terms.model_dump() == {
        "label": "Sad",
        "ethnicity": "asian",
        "gender": "female",
        "age": "elderly",
        "language": "en",
    }
    assert (found.licence, found.consent) == ("CC0-1.0", "yes")
    (tmp_path / "white man angry.txt").write_text("# found by hand\nhttp://a/1.jpg\n\nhttp://a/2.jpg\n")
    assert [(one.address, one.terms.label) for one in open_source(tmp_path / "white man angry.txt")] == [
        ("http://a/1.jpg", "Angry"),
        ("http://a/2.jpg", "Angry"),
    ]


def test_what_a_source_says_of_a_person_is_in_no_published_reason(tmp_path, content):
    from ferspec.collection.publication import datasheet, facts_of

    (tmp_path / "jane-doe" / "Happy").mkdir(parents=True)
    (tmp_path / "jane-doe" / "Happy" / "jane-doe.png").write_bytes(bytes(2 << 20))
    addresses = ["jane-doe:photograph", "http://jane-doe@example.org/", "/jane-doe", "http://jane-doe..org/"]
    lines = [f"{address},Happy,CC0" for address in addresses]
    (tmp_path / "list.csv").write_text("\n".join(["url,label,licence", *lines, "http://a/1.png,Sad,by jane-doe"]))
    build(
        tmp_path / "out",
        [tmp_path / "jane-doe", tmp_path / "list.csv"],
        until="collect",
        licences=["CC0-1.0"],
        megabytes=1,
    )
    build(tmp_path / "any", [tmp_path / "jane-doe", tmp_path / "list.csv"], until="collect", megabytes=1)
    for out in (tmp_path / "out", tmp_path / "any"):
        rows = read_manifest(out / "1-collect" / "manifest.csv")
        assert [row.decision for row in rows] == ["drop"] * 6
        stages = {"collect": rows, "clean": [], "crop": [], "sample": []}
        assert "jane-doe" not in datasheet(facts_of("faces", 0, stages)).lower()
