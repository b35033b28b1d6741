"""Reading the download layouts of RAF-DB, FER2013, AffectNet and BTFER; every mistake is a clear line."""

import os
from functools import partial

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.datasets.readers import Listing, read_published
from helpers.layouts import (
    AFFECTNET,
    AFFECTNET_COLUMNS,
    CLASSES,
    CONTEMPT,
    NO_FACE,
    NONE,
    RAFDB,
    UNCERTAIN,
    affectnet_annotations,
    affectnet_tables,
    class_folders,
    decoded,
    fer2013_csv,
    rafdb_list,
    save,
)
from helpers.messages import refusal

TWICE = (*CLASSES, *CLASSES)


def names(listing: Listing) -> list[str]:
    return [CLASSES[label] for label in listing.labels]


refusal_of = partial(refusal, read_published)


# --- RAF-DB ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["patition", "partition"])
@pytest.mark.parametrize("below", [".", "RAF-DB", "downloads/RAF-DB (1)"])
def test_rafdb_is_read_from_its_list_and_aligned_faces(tmp_path, spelled, below):
    rafdb_list(tmp_path / below, TWICE, CLASSES[::-1], spelled)
    found = read_published("RAF-DB", tmp_path)
    assert names(found.training) == list(TWICE)
    assert names(found.held_out) == list(CLASSES[::-1])
    assert found.training.ids[:2] == ("train_00001.jpg", "train_00002.jpg")
    face = tmp_path / below / "basic" / "Image" / "aligned" / "test_00003_aligned.jpg"
    data, pixels = found.held_out.fetch(2)
    assert data == face.read_bytes()
    np.testing.assert_array_equal(pixels, decoded(face))


def test_the_compound_expressions_beside_the_basic_ones_are_not_read(tmp_path):
    rafdb_list(tmp_path, CLASSES, CLASSES)
    (tmp_path / "compound" / "EmoLabel").mkdir(parents=True)
    (tmp_path / "compound" / "EmoLabel" / "list_patition_label.txt").write_text("train_0001.jpg 11\n")
    save(tmp_path / "compound" / "Image" / "aligned" / "train_0001_aligned.jpg")
    found = read_published("RAF-DB", tmp_path)
    assert len(found.whole()) == 14
    assert not any("skipped" in note for note in found.training.notes)


def test_faces_that_the_list_does_not_name_and_hidden_ones_are_left_out(tmp_path):
    rafdb_list(tmp_path, CLASSES, CLASSES)
    aligned = tmp_path / "basic" / "Image" / "aligned"
    save(aligned / "train_99999_aligned.jpg")
    (aligned / "._train_00001_aligned.jpg").write_bytes(b"\0\5\26\7")
    notes = read_published("RAF-DB", tmp_path).training.notes
    assert notes == ("aligned faces that are not in list_patition_label.txt were skipped: 1",)


def test_a_face_that_is_listed_and_missing_is_found_when_it_is_read(tmp_path):
    rafdb_list(tmp_path, CLASSES, CLASSES)
    (tmp_path / "basic" / "Image" / "aligned" / "train_00002_aligned.jpg").unlink()
    with pytest.raises(UserError, match=r"cannot read train_00002\.jpg: No such file"):
        read_published("RAF-DB", tmp_path).training.fetch(1)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("train_00008.jpg 0", "line 15: label 0 is out of range: labels are 1 to 7"),
        ("train_00008.jpg 8", "line 15: label 8 is out of range"),
        ("train_00008.jpg happy", "line 15: 'train_00008.jpg happy' is not a name and a label"),
        ("train_00008.jpg", "line 15: 'train_00008.jpg' is not a name and a label"),
        ("valid_00008.jpg 3", "line 15: 'valid_00008.jpg' is not a name like train_00001.jpg"),
        ("train_../../secret.jpg 3", "is not a name like train_00001.jpg"),
        ("train_00001.jpg 3", "line 15: train_00001.jpg occurs twice"),
        ("\udcff", "is not text in UTF-8"),
    ],
)
def test_a_mistake_in_the_list_names_its_line(tmp_path, row, says):
    listed = rafdb_list(tmp_path, CLASSES, CLASSES)
    listed.write_bytes(listed.read_bytes() + row.encode(errors="surrogateescape") + b"\n")
    assert says in refusal_of("RAF-DB", tmp_path)


def test_a_list_without_faces_or_a_part_is_refused(tmp_path):
    listed = rafdb_list(tmp_path, CLASSES, CLASSES)
    listed.write_text("train_00001.jpg 5\n")
    assert "no name begins with test_" in refusal_of("RAF-DB", tmp_path)
    listed.write_text("\n")
    assert refusal_of("RAF-DB", tmp_path) == f"{listed}: holds no images"
    (tmp_path / "basic" / "Image" / "aligned").rename(tmp_path / "basic" / "Image" / "original")
    assert "no folder 'aligned' of faces: unpack RAF-DB's aligned.zip" in refusal_of("RAF-DB", tmp_path)


def test_names_of_aligned_faces_are_taken_as_they_are(tmp_path):
    listed = rafdb_list(tmp_path, CLASSES, CLASSES)
    listed.write_text(listed.read_text().replace(".jpg", "_aligned.jpg"))
    found = read_published("RAF-DB", tmp_path)
    assert found.training.ids[0] == "train_00001_aligned.jpg"
    assert [len(found.training.fetch(index)[0]) > 0 for index in range(7)] == [True] * 7
    listed.write_text(listed.read_text().replace("_aligned.jpg", "_cropped.jpg"))
    assert "no face of the list exists: train_00001_cropped_aligned.jpg was searched" in refusal_of("RAF-DB", tmp_path)


def test_two_lists_of_the_same_set_are_refused(tmp_path):
    rafdb_list(tmp_path, CLASSES, CLASSES)
    rafdb_list(tmp_path, CLASSES, CLASSES, "partition")
    assert "keep one of them" in refusal_of("RAF-DB", tmp_path)


@pytest.mark.parametrize("order", [RAFDB, {name: name for name in CLASSES}], ids=["numbered", "named"])
def test_rafdb_is_read_from_class_folders(tmp_path, order):
    folders = {
        f"DATASET/{part}/{order[name]}": count for part, count in (("train", 3), ("test", 1)) for name in CLASSES
    }
    found = read_published("RAF-DB", class_folders(tmp_path, folders, ".jpg"))
    assert {len(found.training), len(found.held_out)} == {21, 7}
    for id, name in zip(found.whole().ids, names(found.whole()), strict=True):
        assert id.split("/")[1] == str(order[name])
    assert len(set(found.whole().ids)) == 28
    assert (order is RAFDB) == any("1 Surprise, 2 Fear, 3 Disgust, 4 Happy" in note for note in found.training.notes)


# --- FER2013 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["fer2013.csv", "fer2013/fer2013.csv", "icml_face_data.csv"])
def test_fer2013_is_divided_as_its_table_says(tmp_path, place):
    rows = [("Sad", "Training"), ("Neutral", "PrivateTest"), ("Surprise", "Training"), ("Happy", "PublicTest")]
    fer2013_csv(tmp_path / place, rows)
    found = read_published("FER2013", tmp_path)
    assert (found.training.ids, names(found.training)) == (("0", "2"), ["Sad", "Surprise"])
    assert (found.held_out.ids, names(found.held_out)) == (("1", "3"), ["Neutral", "Happy"])
    for part in (found.training, found.held_out):
        for index, id in enumerate(part.ids):
            np.testing.assert_array_equal(part.fetch(index)[1], np.full((48, 48, 3), int(id), np.uint8))
    assert read_published("FER2013", tmp_path / place).training.ids == ("0", "2")


def test_rows_of_no_known_part_are_left_out_with_a_note(tmp_path):
    fer2013_csv(tmp_path / "fer2013.csv", [("Sad", "Training"), ("Sad", "PublicTest"), ("Sad", "Extra"), ("Sad", "")])
    found = read_published("FER2013", tmp_path)
    assert found.training.notes == ("images of other splits were left out: 1 of Extra, 1 of unmarked",)
    assert len(found.whole()) == 2


@pytest.mark.parametrize(
    ("usages", "says"),
    [
        (["Training", "Training"], "holds the split Training, but not a validation split (val, test)"),
        (["PublicTest", "PrivateTest"], "holds the split PrivateTest, PublicTest, but not a training split (train)"),
        (["Extra", ""], "holds the split Extra, unmarked, but not a training split"),
    ],
)
def test_a_table_without_its_parts_is_refused(tmp_path, usages, says):
    fer2013_csv(tmp_path / "fer2013.csv", [("Sad", usage) for usage in usages])
    assert says in refusal_of("FER2013", tmp_path)


def test_fer2013_is_read_from_train_and_test_folders(tmp_path):
    folders = {f"{part}/{name.lower()}": count for part, count in (("train", 2), ("test", 1)) for name in CLASSES}
    found = read_published("FER2013", class_folders(tmp_path, folders))
    assert (len(found.training), len(found.held_out)) == (14, 7)
    assert found.training.ids[0] == "train/angry/000.png"


@pytest.mark.parametrize("name", ["validation", "val", "valid", "test", "Testing", "val_set"])
def test_everything_that_is_not_the_training_part_is_held_out(tmp_path, name):
    folders = {f"archive/{part}/{label}": 1 for part in ("Train", name, "PrivateTest") for label in CLASSES}
    found = read_published("FER2013", class_folders(tmp_path, folders))
    assert (len(found.training), len(found.held_out)) == (7, 14)


@pytest.mark.parametrize(
    ("folders", "says"),
    [
        (["train/Happy"], "holds the split train, but not a validation split"),
        (["test/Happy", "val/Happy"], "holds the split test, val, but not a training split (train)"),
        (["train/Happy", "test/Happy", "Sad"], "some class folders are in splits (test, train) and others are not"),
        (["train/Happy", "test/17"], "classes are numbered 17, in no known order"),
        (["train/Happy", "test/Contempt"], "'Contempt' is not one of the seven classes"),
    ],
)
def test_invalid_split_folders_are_refused(tmp_path, folders, says):
    assert says in refusal_of("FER2013", class_folders(tmp_path, dict.fromkeys(folders, 1)))


# --- AffectNet ---------------------------------------------------------------------------------------------------

LABELS = [*AFFECTNET.values(), CONTEMPT, 0, NONE, UNCERTAIN, NO_FACE, NO_FACE]
MEANT = [*AFFECTNET, "Neutral"]


def test_affectnet_is_read_from_its_tables(tmp_path):
    root = affectnet_tables(tmp_path / "AffectNet" / "Manually_Annotated", LABELS, [CONTEMPT, 1])
    save(root / "Automatically_Annotated_Images" / "1" / "other.jpg")
    (root / "automatically_annotated.csv").write_text(f"{AFFECTNET_COLUMNS}\n1/other.jpg,0,0,1,1,0,3,0,0\n")
    found = read_published("AffectNet", tmp_path)
    # the tables count through three folders; images come in the order of their paths, whatever that of the rows
    rows = [0, 3, 6, 1, 4, 2, 5, 8]
    assert names(found.training) == [(*AFFECTNET, "Contempt", "Neutral")[row] for row in rows]
    assert names(found.held_out) == ["Happy"]
    assert found.training.ids[3] == "2/training0001.jpg"
    image = root / "Manually_Annotated_Images" / "2" / "training0001.jpg"
    np.testing.assert_array_equal(found.training.fetch(3)[1], decoded(image))
    assert found.training.notes == (
        "images outside the seven classes were skipped: 1 Contempt, 2 No-Face, 1 None, 1 Uncertain",
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1/x.jpg,0,0,1,1,0,happy,0,0", "line 16: expression 'happy' is not an integer"),
        ("1/x.jpg,0,0,1,1,0,,0,0", "line 16: expression '' is not an integer"),
        ("1/x.jpg,0,0,1,1,0,11,0,0", "line 16: label 11 is out of range: labels are 0 to 10"),
        ("1/x.jpg,0,0,1,1,0,-1,0,0", "line 16: label -1 is out of range"),
        ("1/x.jpg,0,0,1,1,0,3,0", "line 16: 8 cells for 9 columns"),
        ("../../x.jpg,0,0,1,1,0,3,0,0", "line 16: '../../x.jpg' is not a path below Manually_Annotated_Images"),
        ("/etc/x.jpg,0,0,1,1,0,3,0,0", "line 16: '/etc/x.jpg' is not a path below"),
        (",0,0,1,1,0,3,0,0", "line 16: '' is not a path below"),
        ("1/training0000.jpg,0,0,1,1,0,3,0,0", "line 16: 1/training0000.jpg has another expression in an earlier"),
    ],
)
def test_a_mistake_in_a_table_names_its_line(tmp_path, row, says):
    affectnet_tables(tmp_path, [*LABELS, 1], LABELS)
    table = tmp_path / "training.csv"
    table.write_text(f"{table.read_text()}{row}\n")
    assert says in refusal_of("AffectNet", tmp_path)


def test_a_row_that_repeats_an_image_is_left_out_with_a_note(tmp_path):
    affectnet_tables(tmp_path, LABELS, LABELS)
    table = tmp_path / "training.csv"
    table.write_text(f"{table.read_text()}1/training0000.jpg,0,0,1,1,0,0,0,0\n")
    training = read_published("AffectNet", tmp_path).training
    assert len(training) == len(MEANT)
    assert training.notes[1] == "rows of training.csv that repeat an image were skipped: 1"


def test_tables_that_lack_something_are_refused(tmp_path):
    affectnet_tables(tmp_path, LABELS, [CONTEMPT, NONE])
    assert "validation.csv: holds no image of the seven classes" in refusal_of("AffectNet", tmp_path)
    (tmp_path / "validation.csv").write_text("path,label\n1/x.jpg,1\n")
    assert "holds training.csv, but not AffectNet's validation.csv" in refusal_of("AffectNet", tmp_path)
    (tmp_path / "validation.csv").unlink()
    assert refusal_of("AffectNet", tmp_path) == f"{tmp_path}: holds training.csv, but not AffectNet's validation.csv"
    (tmp_path / "validation.csv").write_text("")
    (tmp_path / "Manually_Annotated_Images").rename(tmp_path / "images")
    assert "no folder Manually_Annotated_Images" in refusal_of("AffectNet", tmp_path)


def test_affectnet_is_read_from_a_file_an_annotation(tmp_path):
    affectnet_annotations(tmp_path / "AffectNet", {"train_set": LABELS, "val_set": [CONTEMPT, 1]})
    np.save(tmp_path / "AffectNet" / "train_set" / "annotations" / "0_exp.npy", np.int64(2))
    found = read_published("AffectNet", tmp_path)
    assert names(found.training) == ["Sad", *MEANT[1:]]
    assert found.training.ids[0] == "AffectNet/train_set/images/0.jpg"
    assert (found.held_out.ids, names(found.held_out)) == (("AffectNet/val_set/images/1.jpg",), ["Happy"])
    assert found.training.notes[0].endswith("1 Contempt, 2 No-Face, 1 None, 1 Uncertain")
    image = tmp_path / "AffectNet" / "train_set" / "images" / "8.jpg"
    np.testing.assert_array_equal(found.training.fetch(7)[1], decoded(image))


def test_images_and_annotations_that_lack_the_other_are_found(tmp_path):
    affectnet_annotations(tmp_path, {"train_set": LABELS, "val_set": LABELS})
    (tmp_path / "train_set" / "annotations" / "3_exp.npy").unlink()
    (tmp_path / "train_set" / "images" / "4.jpg").unlink()
    training = read_published("AffectNet", tmp_path).training
    assert "images without an annotation were skipped: 1" in training.notes
    assert "train_set/images/3.jpg" not in training.ids
    with pytest.raises(UserError, match=r"cannot read train_set/images/4\.jpg"):
        training.fetch(training.ids.index("train_set/images/4.jpg"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (np.array("11"), "label 11 is out of range: labels are 0 to 10"),
        (np.array("happy"), "invalid literal"),
        (np.array([1, 2]), "int64 of shape (2,) instead of one number"),
        (np.array(1.5), "float64 of shape () instead of one number"),
        (np.array([{"a": 1}], object), "allow_pickle=False"),
        (np.zeros(5000, np.uint8), "too large for an annotation: 5,128 bytes, and at most 4,096"),
        (b"", "not a label of AffectNet"),
        (b"\x93NUMPY", "not a label of AffectNet"),
    ],
)
def test_an_annotation_that_is_not_a_label_is_named(tmp_path, content, says):
    affectnet_annotations(tmp_path, {"train_set": LABELS, "val_set": LABELS})
    path = tmp_path / "val_set" / "annotations" / "2_exp.npy"
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content, allow_pickle=True)
    said = refusal_of("AffectNet", tmp_path)
    assert said.startswith(f"{path}: ")
    assert says in said


class Harmful:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_an_annotation_is_never_unpickled(tmp_path):
    affectnet_annotations(tmp_path, {"train_set": LABELS, "val_set": LABELS})
    np.save(tmp_path / "val_set" / "annotations" / "2_exp.npy", np.array([Harmful(tmp_path / "harm")], object))
    assert "allow_pickle=False" in refusal_of("AffectNet", tmp_path)
    assert not (tmp_path / "harm").exists()


def test_annotations_without_their_parts_are_refused(tmp_path):
    affectnet_annotations(tmp_path, {"train_set": LABELS})
    assert "holds the split train_set, but not a validation split" in refusal_of("AffectNet", tmp_path)


def test_contempt_among_class_folders_of_affectnet_is_left_out(tmp_path):
    found = read_published("AffectNet", class_folders(tmp_path, {**dict.fromkeys(CLASSES, 2), "Contempt": 3}))
    assert found.held_out is None
    assert len(found.training) == 14
    assert found.training.notes == ("images outside the seven classes were skipped: 3 in Contempt",)


def test_declared_numbers_of_affectnet_leave_contempt_out(tmp_path):
    folders = {f"{part}/{label}": 1 for part in ("train", "val") for label in range(8)}
    (tmp_path / "classes.txt").write_text("\n".join([*AFFECTNET, "Contempt"]))
    found = read_published("AffectNet", class_folders(tmp_path, folders))
    assert names(found.training) == list(AFFECTNET)
    assert "images outside the seven classes were skipped: 2 in 7" in found.training.notes
