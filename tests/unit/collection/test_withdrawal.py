"""A picture that is withdrawn from a finished build: the next face takes its place, and the others stay."""

import shutil

import pytest

from ferspec.api.dataset.build import build
from ferspec.api.dataset.withdraw import withdraw
from ferspec.collection.locking import locked
from ferspec.collection.manifest import manifest_paths, read_manifest
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
