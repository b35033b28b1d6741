"""Finding a dataset below a data root as arrays or folders, and refusing another one in its place."""

from functools import partial

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.datasets.data_root import find_dataset, look_up_dataset
from ferspec.subjects.datasets.readers import Listing, read_published, read_test_set
from helpers.layouts import AFFECTNET, CLASSES, CONTEMPT, affectnet_annotations, class_folders, fer2013_csv, rafdb_list
from helpers.messages import refusal

LABELS = [*AFFECTNET.values(), CONTEMPT]


def names(listing: Listing) -> list[str]:
    return [CLASSES[label] for label in listing.labels]


refusal_of = partial(refusal, read_published)


# --- arrays, BTFER, other layouts --------------------------------------------------------------------------------


def save_npz(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    images = np.arange(len(labels) * 12, dtype=np.uint8).reshape(len(labels), 2, 2, 3)
    np.savez(path, images=images, labels=np.array(labels))
    return path


@pytest.mark.parametrize("other", ["test", "val", "validation"])
def test_a_pair_of_npz_files_is_divided(tmp_path, other):
    save_npz(tmp_path / "train.npz", [3, 4, 5])
    save_npz(tmp_path / f"{other}.npz", [6])
    found = read_published("RAF-DB", tmp_path)
    assert found.training.ids == ("train/0", "train/1", "train/2")
    assert (found.held_out.ids, names(found.held_out)) == ((f"{other}/0",), ["Surprise"])


def test_one_npz_file_is_not_divided(tmp_path):
    path = save_npz(tmp_path / "faces.npz", [3, 4, 5])
    for place in (tmp_path, path):
        found = read_published("AffectNet", place)
        assert (len(found.training), found.held_out) == (3, None)


@pytest.mark.parametrize("names", [("a", "b"), ("train", "training"), ("val", "test"), ("train", "val", "x")])
def test_other_npz_files_are_refused(tmp_path, names):
    for name in names:
        save_npz(tmp_path / f"{name}.npz", [1])
    assert "expected one .npz file, or train.npz with val.npz or test.npz" in refusal_of("RAF-DB", tmp_path)


def test_btfer_is_read_from_class_folders_or_an_npz_file(tmp_path):
    folders = class_folders(tmp_path / "folders", dict.fromkeys(CLASSES, 1))
    assert names(read_test_set("BTFER", folders)) == list(CLASSES)
    path = save_npz(tmp_path / "arrays" / "any.npz", range(7))
    assert names(read_test_set("BTFER", path)) == names(read_test_set("BTFER", path.parent)) == list(CLASSES)


def test_btfer_has_no_parts(tmp_path):
    class_folders(tmp_path / "a", {"train/Happy": 1, "test/Happy": 1})
    assert "holds several splits (test, train)" in refusal(read_test_set, "BTFER", tmp_path / "a")
    for name in ("x", "y"):
        save_npz(tmp_path / "b" / f"{name}.npz", [1])
    assert "x.npz, y.npz: expected one .npz file" in refusal(read_test_set, "BTFER", tmp_path / "b")


LAYOUTS = {
    "RAF-DB": lambda root: rafdb_list(root, CLASSES, CLASSES),
    "FER2013": lambda root: fer2013_csv(root / "fer2013.csv", [("Sad", "Training"), ("Sad", "PublicTest")]),
    "AffectNet": lambda root: affectnet_annotations(root, {"train_set": LABELS, "val_set": LABELS}),
}


@pytest.mark.parametrize("there", LAYOUTS)
@pytest.mark.parametrize("wanted", [*LAYOUTS, "BTFER"])
def test_the_files_of_another_dataset_are_refused(tmp_path, there, wanted):
    LAYOUTS[there](tmp_path)
    if there == wanted:
        assert len(read_published(wanted, tmp_path).training)
    else:
        read = read_test_set if wanted == "BTFER" else read_published
        assert refusal(read, wanted, tmp_path) == (
            f"{tmp_path}: these are the files of {there}, but {wanted} is expected"
        )


# --- where a dataset lies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RAF-DB", "rafdb", "RAF_DB", "raf-db", "Raf Db"])
def test_a_dataset_is_found_under_any_spelling_of_its_name(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / "FER2013").mkdir()
    assert find_dataset(tmp_path, "RAF-DB") == tmp_path / name


@pytest.mark.parametrize(
    ("dataset", "name"),
    [("FER2013", "fer2013.csv"), ("BTFER", "btfer.npz"), ("BTFER", "BTFER.NPZ"), ("RAF-DB", "raf_db.tar.gz")],
)
def test_a_file_of_its_name_in_the_root_is_the_dataset(tmp_path, dataset, name):
    (tmp_path / name).write_bytes(b"")
    assert find_dataset(tmp_path, dataset) == tmp_path / name


def test_a_missing_dataset_is_named_with_the_available_ones(tmp_path):
    (tmp_path / "FER2013").mkdir()
    (tmp_path / "rafdb.rar").write_bytes(b"")
    (tmp_path / ".hidden").mkdir()
    assert look_up_dataset(tmp_path, "RAF-DB") is None
    with pytest.raises(UserError) as refusal:
        find_dataset(tmp_path, "RAF-DB")
    assert str(refusal.value) == (
        f"{tmp_path}: RAF-DB is missing: expected a folder RAF-DB, or rafdb.npz or rafdb.zip or rafdb.tar; it "
        "holds FER2013, rafdb.rar"
    )


def test_a_path_that_is_not_a_data_root_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path, says in ((tmp_path / "gone", "No such file"), (tmp_path / "file", "Not a directory")):
        with pytest.raises(UserError, match=rf"data root .*: {says}"):
            look_up_dataset(path, "BTFER")


def test_a_dataset_that_exists_twice_is_refused(tmp_path):
    (tmp_path / "FER2013").mkdir()
    (tmp_path / "fer2013.csv").write_bytes(b"")
    with pytest.raises(UserError, match=r"holds FER2013 twice \(FER2013, fer2013\.csv\): keep one"):
        find_dataset(tmp_path, "FER2013")


def test_only_fer2013_is_one_table(tmp_path):
    (tmp_path / "rafdb.csv").write_bytes(b"")
    assert look_up_dataset(tmp_path, "RAF-DB") is None
    with pytest.raises(
        UserError, match=r"or fer2013\.npz or fer2013\.csv or fer2013\.zip or fer2013\.tar; it holds rafdb\.csv"
    ):
        find_dataset(tmp_path, "FER2013")
    path = fer2013_csv(tmp_path / "any.csv", [("Sad", "Training"), ("Sad", "PublicTest")])
    assert refusal_of("RAF-DB", path) == f"{path}: these are the files of FER2013, but RAF-DB is expected"
