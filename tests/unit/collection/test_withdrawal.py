"""A picture that is withdrawn from a finished build: the next face takes its place, and the others stay."""

import csv
import hashlib
import json
import re
import shutil
from dataclasses import replace

import pytest

from ferspec.api.dataset.build import build
from ferspec.api.dataset.withdraw import withdraw
from ferspec.collection.locking import locked
from ferspec.collection.manifest import manifest_paths, read_manifest
from ferspec.collection.publication import correct_counts
from ferspec.collection.withdrawal.replacement import sampling_of
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers import open_splits
from helpers.photo_sources import STAND_INS, pictures

PER_CLASS, SEED = 2, 5


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of three pictures of each class, and a set of two of each that was built from it."""
    place = tmp_path_factory.mktemp("withdrawn")
    for path, content in pictures(PER_CLASS + 1).items():
        (place / "photographs" / path).parent.mkdir(parents=True, exist_ok=True)
        (place / "photographs" / path).write_bytes(content)
    assert built(place).state == "complete"
    return place


@pytest.fixture
def copied(site, tmp_path):
    return shutil.copytree(site, tmp_path / "copy")


def built(place):
    return build(place / "out", [place / "photographs"], per_class=PER_CLASS, seed=SEED, detectors=STAND_INS)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def faces(folder):
    return {path for path in files(folder / "set") if path.endswith(".png")}


def test_the_next_face_of_the_class_takes_its_place(copied):
    before = faces(copied / "out")
    gone = next(path for path in before if path.startswith("Sad/"))
    taken = withdraw(copied / "out" / "set" / gone, copied / "out")
    (added,) = faces(copied / "out") - before
    assert taken.replacement == f"{added}, the next in the order of seed {SEED}"
    assert before - faces(copied / "out") == {gone}
    assert len(open_splits(copied / "out" / "set").chosen()) == 7 * PER_CLASS


def test_the_same_build_gives_the_same_set_as_the_withdrawal(copied):
    gone = next(path for path in faces(copied / "out") if path.startswith("Fear/"))
    taken = withdraw(copied / "out" / "set" / gone, copied / "out")
    after = files(copied / "out" / "set")
    assert built(copied).state == "complete"
    assert files(copied / "out" / "set") == after
    left = b"".join(content for path, content in files(copied / "out").items() if path != "withdrawn.csv")
    assert not [digest for digest in taken.digests if digest.encode() in left]


def test_without_another_face_the_class_is_named(copied):
    for _ in range(2):
        gone = next(path for path in faces(copied / "out") if path.startswith("Happy/"))
        taken = withdraw(copied / "out" / "set" / gone, copied / "out")
    assert taken.replacement == "none: no other face of Happy is left: add sources, and build again"
    assert len([path for path in faces(copied / "out") if path.startswith("Happy/")]) == 1


def test_a_seed_that_does_not_give_the_recorded_order_is_not_used(copied):
    rows = read_manifest(manifest_paths(copied / "out")["sample"])
    assert sampling_of(copied / "out", rows) == (SEED, PER_CLASS)
    sheet = copied / "out" / "set" / "datasheet.md"
    sheet.write_text(sheet.read_text().replace(f"sample: {SEED}.", "sample: 6."))
    assert sampling_of(copied / "out", rows) is None
    gone = next(iter(faces(copied / "out")))
    assert (
        "run the same 'ferspec dataset build' again" in withdraw(copied / "out/set" / gone, copied / "out").replacement
    )


def test_nothing_is_withdrawn_while_a_build_works(copied):
    gone = next(iter(faces(copied / "out")))
    with locked(copied / "out"), pytest.raises(UserError, match="another build works"):
        withdraw(copied / "out" / "set" / gone, copied / "out")
    assert gone in faces(copied / "out")


def test_a_stage_whose_manifest_is_lost_or_edited_is_drawn_by_the_next_build(copied):
    rows = read_manifest(manifest_paths(copied / "out")["sample"])
    edited = [replace(row, position="first") for row in rows]
    assert sampling_of(copied / "out", edited) is None
    manifest_paths(copied / "out")["collect"].unlink()
    gone = next(iter(faces(copied / "out")))
    taken = withdraw(copied / "out/set" / gone, copied / "out")
    assert "run the same 'ferspec dataset build' again" in taken.replacement
    assert built(copied).state == "complete"
    assert gone not in faces(copied / "out")


def stated(folder):
    """The numbers that a datasheet and a Croissant file state, by name."""
    text = (folder / "datasheet.md").read_text()
    numbers = {name: int(count.replace(",", "")) for name, count in re.findall(r"^\| (.+) \| ([\d,]+) \|$", text, re.M)}
    document = json.loads((folder / "croissant.json").read_text())
    (file,) = [one for one in document["distribution"] if one.get("contentUrl") == "manifest.csv"]
    licensed = sum(int(re.match(r"of ([\d,]+) pictures", text)[1]) for text in document["license"])
    return numbers | {
        "licensed": licensed,
        "pictures": int(re.search(r"([\d,]+) pictures of one face", text)[1]),
    }, file["sha256"]


def require_own_counts(folder):
    numbers, digest = stated(folder)
    table = list(csv.DictReader((folder / "manifest.csv").read_text().splitlines()))
    found = faces(folder.parent) if folder.name == "set" else {path for path in files(folder) if path.endswith(".png")}
    assert {row["path"] for row in table} == found
    assert numbers["pictures"] == numbers["licensed"] == numbers["kept by sample"] == numbers["unknown"] == len(found)
    for label in ("Happy", "Sad", "Angry"):
        assert numbers[label] == sum(row["label"] == label for row in table)
    assert digest == hashlib.sha256((folder / "manifest.csv").read_bytes()).hexdigest()
    return numbers


def test_datasheet_and_croissant_count_what_is_left_after_each_withdrawal(copied):
    before = require_own_counts(copied / "out" / "set")
    assert (before["in the sources"], before["kept by crop"], before["pictures"]) == (21, 21, 14)
    for withdrawn in (1, 2):
        gone = next(path for path in faces(copied / "out") if path.startswith("Happy/"))
        withdraw(copied / "out" / "set" / gone, copied / "out")
        after = require_own_counts(copied / "out" / "set")
        assert (after["in the sources"], after["kept by crop"]) == (21 - withdrawn, 21 - withdrawn)
    # the second had no replacement
    assert (after["pictures"], after["Happy"]) == (13, 1)


def test_a_picture_that_was_not_drawn_is_no_longer_counted_in_the_sources(copied):
    rows = read_manifest(manifest_paths(copied / "out")["sample"])
    spare = next(row.digest for row in rows if not row.path)
    before = faces(copied / "out")
    assert withdraw(spare, copied / "out").replacement == "none: it was not in the set"
    assert faces(copied / "out") == before
    assert require_own_counts(copied / "out" / "set")["in the sources"] == 20


def test_a_published_copy_of_a_set_counts_what_is_left_and_a_second_try_changes_nothing(copied, tmp_path):
    published = shutil.copytree(copied / "out" / "set", tmp_path / "published")
    gone = next(path for path in files(published) if path.startswith("Happy/"))
    assert withdraw(published / gone, published).outdated == ()
    after = require_own_counts(published)
    assert (after["pictures"], after["Happy"], after["in the sources"], after["kept by collect"]) == (13, 1, 20, 20)
    texts = {name: content for name, content in files(published).items() if not name.endswith(".png")}
    assert correct_counts(published) == ()
    assert {name: content for name, content in files(published).items() if not name.endswith(".png")} == texts


def test_a_datasheet_that_was_rewritten_by_hand_stays_and_is_named(copied, tmp_path):
    published = shutil.copytree(copied / "out" / "set", tmp_path / "published")
    (published / "datasheet.md").write_text("# Our faces\n")
    gone = next(path for path in files(published) if path.startswith("Happy/"))
    assert withdraw(published / gone, published).outdated == ("datasheet.md",)
    assert (published / "datasheet.md").read_text() == "# Our faces\n"
