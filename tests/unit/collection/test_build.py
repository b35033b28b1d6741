"""The four stages from a server to a set in BTFER's form, with a detector that needs no network."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from ferspec.api.dataset.build import build
from ferspec.collection.faces import Box, Detectors, Face
from ferspec.collection.manifest import PUBLIC, read_manifest
from ferspec.collection.tombstones import add_tombstones, tombstones_of
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.open import open_splits
from ferspec.subjects.datasets.readers.splits import WHOLE
from helpers.photo_sources import EXPRESSIONS, LEFT, SIDE, STAND_INS, TOP, encoded, faces, listed, on_wall, pictures
from helpers.places import ROOT
from helpers.web import served

PER_CLASS = 2
STAGES = ("1-collect", "2-clean", "3-crop", "4-sample")


@pytest.fixture(scope="module")
def site():
    found = pictures(PER_CLASS + 1)
    with served({f"/{path.replace(' ', '%20')}": content for path, content in found.items()}) as site:
        site.paths = list(found)
        yield site


def built(folder, site, **options):
    """Build in a folder from the addresses of a site."""
    folder.mkdir(exist_ok=True)
    (folder / "urls.csv").write_text(listed(site, site.paths))
    settings = {"per_class": PER_CLASS, "seed": 1, "delay": 0.0, "allow_private": True, "detectors": STAND_INS}
    return build(folder / "out", [folder / "urls.csv"], **{**settings, **options})


@pytest.fixture(scope="module")
def first(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    assert built(folder, site).state == "complete"
    return folder / "out"


@pytest.fixture
def copied(first, tmp_path):
    """A copy of a finished build, to change."""
    shutil.copytree(first, tmp_path / "out")
    return tmp_path


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def drawn(folder):
    return {path for path in digests(folder / "set") if path.endswith(".png")}


def rows(folder, stage):
    return read_manifest(folder / stage / "manifest.csv")


def test_the_set_reads_as_a_dataset_of_seven_equal_classes(first):
    listing = open_splits(first / "set").parts[WHOLE]
    assert np.bincount(listing.labels).tolist() == [PER_CLASS] * 7
    assert {listing.fetch(index)[1].shape for index in range(len(listing))} == {(256, 256, 3)}


def test_the_same_seed_gives_the_same_set_and_another_seed_another(first, site, tmp_path):
    assert built(tmp_path / "again", site).state == "complete"
    assert digests(tmp_path / "again" / "out" / "set") == digests(first / "set")
    built(tmp_path / "again", site, seed=2)
    assert drawn(tmp_path / "again" / "out") != drawn(first)


def test_each_face_is_cut_with_20_pixels_around_it(first):
    import cv2

    row = rows(first, "3-crop")[0]
    assert row.box == f"{LEFT} {TOP} {LEFT + SIDE} {TOP + SIDE}"
    with open(first / "3-crop" / row.file, "rb") as file:
        cropped = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    # the margin of 20 pixels of wall grows like the face: from 128 + 40 to 256 pixels
    wall = int(20 * 256 / (SIDE + 40))
    assert (cropped[: wall - 2] == 128).all()
    assert (cropped[wall + 2, 40:-40] != 128).any()


def test_a_second_run_changes_no_file_and_asks_no_address(copied, site):
    before, asked = digests(copied / "out"), site.asked.total()
    assert built(copied, site).state == "complete"
    assert digests(copied / "out") == before
    assert site.asked.total() == asked


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_leaves_a_row_with_digest_decision_and_tools_for_each_picture(first, site, stage):
    found = rows(first, stage)
    assert len(found) == len(site.paths)
    assert all(row.digest and row.decision == "keep" and row.licence == "unknown" for row in found)
    assert all("ferspec" in row.tools for row in found)
    assert [row.digest for row in found] == [row.digest for row in rows(first, "1-collect")]


def test_the_public_manifest_has_digests_and_no_address(first, site):
    text = (first / "set" / "manifest.csv").read_text()
    table = list(csv.DictReader(text.splitlines()))
    assert tuple(table[0]) == PUBLIC
    assert {row["path"]: row["digest"] for row in table}.items() <= digests(first / "set").items()
    published = "".join(path.read_text() for path in (first / "set").glob("*.*") if path.is_file())
    assert not any(
        word in published for word in (site.url, "127.0.0.1", ".csv/", *(p.split("/")[0] for p in site.paths))
    )


def test_a_withdrawn_picture_is_replaced_by_the_next_and_never_fetched_again(copied, site):
    gone = next(row for row in rows(copied / "out", "1-collect") if row.label == "Sad" and is_drawn(copied, row))
    add_tombstones(copied / "out", tombstones_of(gone))
    shutil.rmtree(copied / "out" / "1-collect")
    site.asked.clear()
    before = drawn(copied / "out")
    assert built(copied, site).state == "complete"
    assert len(before - drawn(copied / "out")) == len(drawn(copied / "out") - before) == 1
    assert site.asked[gone.source.removeprefix(site.url)] == 0
    left = [path for path in digests(copied / "out") if gone.digest in path]
    assert left == []
    assert not any(gone.digest in (copied / "out" / stage / "manifest.csv").read_text() for stage in STAGES)


def is_drawn(folder, row):
    return any(one.digest == row.digest and one.path for one in rows(folder / "out", "4-sample"))


def test_a_withdrawn_picture_at_another_address_is_not_kept_nor_fetched_twice(copied, site):
    gone = rows(copied / "out", "1-collect")[0]
    add_tombstones(copied / "out", [(gone.digest, "file")])
    shutil.rmtree(copied / "out" / "1-collect")
    assert built(copied, site).stages["collect"].kept == len(site.paths) - 1
    path = gone.source.removeprefix(site.url)
    asked = site.asked[path]
    assert built(copied, site).stages["collect"].kept == len(site.paths) - 1
    assert site.asked[path] == asked


def test_too_few_faces_leave_no_set_and_say_which_classes(site, tmp_path):
    found = built(tmp_path, site, per_class=PER_CLASS + 2)
    assert found.state == "lacks faces"
    assert found.lacking == dict.fromkeys(EXPRESSIONS, 1)
    assert not (tmp_path / "out" / "set").exists()


def test_errors_of_a_server_are_rows_with_the_reason(tmp_path, site):
    (tmp_path / "urls.csv").write_text(
        "url,label,licence\n"
        f"{site.url}/missing.png,Happy,\n{site.url}/endless,Happy,\n{site.url}/loop,Happy,\n"
        f"file:///etc/passwd,Happy,\n{site.url}/huge,Happy,cc by\n"
    )
    site.files["/text.png"] = b"not a picture"
    with open(tmp_path / "urls.csv", "a") as file:
        file.write(f"{site.url}/text.png,Happy,\n{site.url}/text.png#again,Happy,\n")
    found = build(tmp_path / "out", [tmp_path / "urls.csv"], until="collect", delay=0.0, allow_private=True)
    assert found.stages["collect"].model_dump() == {"kept": 0, "dropped": 7, "review": 0}
    reasons = [row.reason for row in rows(tmp_path / "out", "1-collect")]
    expected = ("status 404", "more than", "circle", "only http", "at most", "not an image", "not an image")
    assert all(word in reason for word, reason in zip(expected, reasons, strict=True))
    assert [row.licence for row in rows(tmp_path / "out", "1-collect")][4] == "CC-BY-4.0"


def test_only_pictures_of_a_licence_are_fetched(tmp_path, site):
    first, second = site.paths[:2]
    lines = [
        f"{site.url}/{path.replace(' ', '%20')},Angry,{licence}" for path, licence in ((first, "CC0"), (second, ""))
    ]
    (tmp_path / "urls.csv").write_text("\n".join(["url,label,license", *lines]))
    site.asked.clear()
    options = {"until": "collect", "delay": 0.0, "allow_private": True, "licences": ["cc0"]}
    assert build(tmp_path / "out", [tmp_path / "urls.csv"], **options).stages["collect"].kept == 1
    assert site.asked["/" + second.replace(" ", "%20")] == 0
    assert rows(tmp_path / "out", "1-collect")[1].reason == "not a licence that was asked for: unknown"
    with pytest.raises(UserError, match="not known"):
        build(tmp_path / "out", [tmp_path / "urls.csv"], licences=["my own"])


@pytest.mark.parametrize(
    "moment", ["collecting 1", "collecting 9", "cleaning 1", "cleaning 12", "cropping 1", "cropping 9"]
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_build_that_is_killed_continues_to_the_same_set(first, site, tmp_path, moment):
    (tmp_path / "urls.csv").write_text(listed(site, site.paths))
    options = {"out": str(tmp_path / "out"), "sources": [str(tmp_path / "urls.csv")], "allow_private": True}
    words = [
        sys.executable,
        "-m",
        "helpers.photo_sources",
        json.dumps({**options, "per_class": 2, "seed": 1, "delay": 0.0}),
    ]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}) as process:
        for line in process.stdout:
            assert line.strip() != "finished"
            if line.strip() == moment:
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        process.wait(60)
    asked = site.asked.total()
    assert built(tmp_path, site).state == "complete"
    assert digests(tmp_path / "out" / "set") == digests(first / "set")
    # a picture that was kept is not fetched again; the last one may have arrived without a line in the journal
    assert site.asked.total() - asked <= len(site.paths) + 1 - int(moment.split()[1]) or "collecting" not in moment
    assert not [path for path in digests(tmp_path / "out") if "/." in path]


def test_two_builds_do_not_work_in_one_folder(first, site, tmp_path):
    from filelock import FileLock

    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"), pytest.raises(UserError, match="another build works"):
        built(tmp_path, site)


def test_a_source_is_needed(tmp_path):
    with pytest.raises(UserError, match="name a source"):
        build(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_doubtful_pictures_wait_for_a_reviewer_whose_decisions_the_same_call_reads(tmp_path):
    blurred = np.full((SIDE, SIDE, 3), 90, np.uint8)
    blurred[:, ::2] += 1
    folder = tmp_path / "Happy"
    folder.mkdir()
    (folder / "blurred.png").write_bytes(encoded(on_wall(blurred)))
    _, _, face = faces(1)[0]
    (folder / "face.png").write_bytes(encoded(on_wall(face)))
    options = {"per_class": 1, "detectors": STAND_INS}
    found = build(tmp_path / "out", [folder], **options)
    assert found.state == "waits for review"
    assert "review.html" in found.next
    (doubtful,) = [row for row in rows(tmp_path / "out", "2-clean") if row.decision == "review"]
    assert "blurred" in doubtful.reason
    decisions = f"digest,decision,label\n{doubtful.digest},keep,Sad\n"
    (tmp_path / "out" / "2-clean" / "decisions.csv").write_text(decisions)
    assert build(tmp_path / "out", [folder], **options).state == "lacks faces"
    (kept,) = [row for row in rows(tmp_path / "out", "2-clean") if row.digest == doubtful.digest]
    assert (kept.decision, kept.label) == ("keep", "Sad")
    assert kept.reason.endswith("decided by a reviewer, who changed Happy to Sad")


def test_a_changed_copy_is_dropped_and_one_under_another_class_is_for_a_reviewer(tmp_path):
    first, second = (face for _, _, face in faces(2)[:2])
    copies = {"Happy/1": first, "Happy/2": first[:, ::-1], "Happy/3": second, "Sad/4": second}
    for name, face in copies.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        jpeg = encoded(on_wall(np.ascontiguousarray(face)), "JPEG", quality=60 + int(name[-1]))
        (tmp_path / "in" / f"{name}.jpg").write_bytes(jpeg)
    once = Box40()
    for _ in range(2):
        found = build(tmp_path / "out", [tmp_path / "in"], per_class=1, detectors=Detectors(once, Box40()))
        assert found.state == "waits for review"
    assert once.asked == len(copies)
    by_name = {row.source: row.digest for row in rows(tmp_path / "out", "1-collect")}
    found = {row.digest: (row.decision, row.reason) for row in rows(tmp_path / "out", "2-clean")}
    assert found[by_name["in/Happy/1.jpg"]] == ("keep", "")
    assert found[by_name["in/Happy/2.jpg"]] == ("drop", f"a copy of {by_name['in/Happy/1.jpg']}")
    assert found[by_name["in/Happy/3.jpg"]] == ("review", "also collected as Sad")
    assert found[by_name["in/Sad/4.jpg"]] == ("drop", f"a copy of {by_name['in/Happy/3.jpg']}")


class Box40:
    """Detect the face where ``on_wall`` puts it, also in a JPEG."""

    tool = "stand-in 2"
    asked = 0

    def faces(self, picture):
        self.asked += 1
        return (Face(Box(LEFT, TOP, LEFT + SIDE, TOP + SIDE), 1.0),)


def test_files_after_cleaning_hold_pixels_and_nothing_else(tmp_path):
    from PIL import Image
    from PIL.TiffImagePlugin import IFDRational

    exif = Image.Exif()
    exif[0x013B] = "Jane Doe"
    exif.get_ifd(0x8825)[2] = (IFDRational(60), IFDRational(10), IFDRational(0))
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Jane Doe</x:xmpmeta>"
    folder = tmp_path / "Happy"
    folder.mkdir()
    content = encoded(on_wall(faces(1)[0][2]), "JPEG", exif=exif, xmp=xmp, comment=b"Jane Doe", quality=95)
    (folder / "jane-doe.jpg").write_bytes(content)
    assert content.count(b"Jane Doe") == 3
    build(tmp_path / "out", [folder], per_class=1, detectors=Detectors(Box40(), Box40()), drop_doubtful=True)
    written = [*(tmp_path / "out" / "2-clean").rglob("*.png"), *(tmp_path / "out" / "3-crop").rglob("*.png")]
    assert len(written) == 2
    for path in written:
        assert chunks(path.read_bytes()) == {b"IHDR", b"IDAT", b"IEND"}
        assert "jane" not in path.name


def chunks(content):
    """Return the names of the chunks of a PNG."""
    names, place = set(), 8
    while place < len(content):
        names.add(content[place + 4 : place + 8])
        place += 12 + int.from_bytes(content[place : place + 4], "big")
    return names


def test_a_set_that_was_half_written_is_written_again(copied, site):
    before = digests(copied / "out" / "set")
    (copied / "out" / "set").rename(copied / "out" / ".set.killed")
    (copied / "out" / ".set.killed" / "manifest.csv").unlink()
    assert built(copied, site).state == "complete"
    assert digests(copied / "out" / "set") == before
    assert list((copied / "out").glob(".set*")) == []


def test_what_was_added_to_the_set_or_lost_from_it_is_put_right(copied, site):
    before = digests(copied / "out" / "set")
    next((copied / "out" / "set").rglob("*.png")).unlink()
    (copied / "out" / "set" / "Happy" / "mine.png").write_bytes(b"")
    built(copied, site)
    assert digests(copied / "out" / "set") == before


def test_pictures_of_a_source_that_is_not_given_stay_and_those_withdrawn_go(copied, site):
    everything = rows(copied / "out", "1-collect")
    add_tombstones(copied / "out", [(everything[0].digest, "file"), (everything[1].pixels, "pixels")])
    (copied / "one.csv").write_text(listed(site, site.paths[-1:]))
    options = {"per_class": PER_CLASS, "delay": 0.0, "allow_private": True, "detectors": STAND_INS}
    assert build(copied / "out", [copied / "one.csv"], **options).stages["collect"].kept == 1
    stored = {path.stem for path in (copied / "out" / "1-collect" / "pictures").iterdir()}
    assert stored == {row.digest for row in everything[2:]}


def test_a_folder_in_its_own_source_is_refused_and_so_is_a_source_that_the_build_wrote(copied, tmp_path):
    (tmp_path / "in" / "Happy").mkdir(parents=True)
    (tmp_path / "in" / "Happy" / "1.png").write_bytes(encoded(on_wall(faces(1)[0][2])))
    for out in (tmp_path / "in", tmp_path / "in" / "out"):
        with pytest.raises(UserError, match="lies in the source"):
            build(out, [tmp_path / "in"], until="collect")
    with pytest.raises(UserError, match="written by the build"):
        build(copied / "out", [copied / "out" / "set"], until="collect")
    assert [path.name for path in (tmp_path / "in").rglob("*")] == ["Happy", "1.png"]


@pytest.mark.parametrize(
    "wrong",
    [{"per_class": 0}, {"per_class": -1}, {"megabytes": float("inf")}, {"seconds": float("nan")}, {"delay": 1e300}],
    ids=str,
)
def test_numbers_without_a_meaning_are_refused_and_nothing_is_written(tmp_path, wrong):
    (tmp_path / "Happy").mkdir()
    with pytest.raises(UserError, match=f"{next(iter(wrong))} must be between"):
        build(tmp_path / "out", [tmp_path / "Happy"], until="collect", **wrong)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_folder_whose_name_is_not_utf_8_is_refused(tmp_path):
    with pytest.raises(UserError, match="not UTF-8"):
        build(tmp_path / os.fsdecode(b"fa\xffces"), [tmp_path], until="collect")


def test_pictures_of_two_folders_with_one_name_are_not_taken_for_the_same(tmp_path):
    for number, (_, _, face) in enumerate(faces(1)[:2]):
        folder = tmp_path / str(number) / "train" / "Happy"
        folder.mkdir(parents=True)
        (folder / "1.png").write_bytes(encoded(on_wall(face)))
    with pytest.raises(UserError, match="have one name"):
        build(tmp_path / "out", [tmp_path / "0" / "train", tmp_path / "1" / "train"], until="collect")
    assert not (tmp_path / "out").exists()
    (tmp_path / "0" / "train" / "list.csv").write_text("file,label\nHappy/1.png,Happy\n")
    (tmp_path / "1" / "train").rename(tmp_path / "1" / "other")
    sources = [tmp_path / "0" / "train", tmp_path / "0" / "train" / "list.csv", tmp_path / "1" / "other"]
    counts = build(tmp_path / "out", sources, until="collect").stages["collect"]
    assert (counts.kept, counts.dropped) == (2, 1)


def test_a_picture_whose_person_did_not_consent_is_not_read(tmp_path):
    (tmp_path / "files.csv").write_text("file,label,consent\nmissing.png,Angry,no\n")
    build(tmp_path / "out", [tmp_path / "files.csv"], until="collect")
    (row,) = rows(tmp_path / "out", "1-collect")
    assert (row.decision, row.reason, row.file) == ("drop", "the person shown did not consent", "")
