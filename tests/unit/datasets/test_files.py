"""Reading images and labels from .npz files and FER2013's CSV; every mistake is one clear line."""

import errno
import io
import os
import sys
import tempfile
import zipfile
from functools import partial

import numpy as np
import pytest

from ferspec import spec
from ferspec.subjects.datasets.readers import open_splits, read_npz
from ferspec.subjects.datasets.subject import open_dataset
from helpers.layouts import FER2013
from helpers.messages import refusal

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
RNG = np.random.default_rng(7)
FACES = RNG.integers(0, 256, (7, 8, 6, 3), dtype=np.uint8)
refusal_of = partial(refusal, open_dataset)


# --- .npz --------------------------------------------------------------------------------------------------------


def npz(tmp_path, **arrays):
    np.savez_compressed(tmp_path / "set.npz", **arrays)
    return tmp_path / "set.npz"


@pytest.mark.parametrize("labels", [np.arange(7), np.arange(7, dtype=np.uint8), np.array([c.lower() for c in CLASSES])])
def test_npz_labels_are_places_in_the_order_of_the_classes_or_names(tmp_path, labels):
    dataset = open_dataset(npz(tmp_path, images=FACES, labels=labels))
    assert dataset.form == "npz"
    assert dataset.ids == tuple("0123456")
    assert dataset.labels.dtype == np.int64
    np.testing.assert_array_equal(dataset.labels, np.arange(7))
    np.testing.assert_array_equal([dataset.image(index) for index in range(7)], FACES)
    assert not dataset.gray
    said = "order of the numbers: alphabetical, as in the protocol: 0 Angry" in " ".join(dataset.notes)
    assert said == (labels.dtype.kind != "U")


ONE_HOT = np.asfortranarray(np.eye(7, dtype=np.float32)[::-1])


@pytest.mark.parametrize("labels", [np.arange(7.0)[::-1], np.arange(7)[::-1, None], ONE_HOT, ONE_HOT.astype(bool)])
def test_labels_of_keras_are_read(tmp_path, labels):
    np.testing.assert_array_equal(open_dataset(npz(tmp_path, images=FACES, labels=labels)).labels, range(7)[::-1])


@pytest.mark.parametrize("classes", [FER2013, {**FER2013, "Happy": 4, "Sad": 3}], ids=["proven", "not proven"])
def test_counts_prove_the_order_of_labels_in_arrays(tmp_path, classes):
    known = spec.load().datasets["FER2013"]
    for name, counts in (("train", known.training), ("test", np.subtract(known.counts, known.training))):
        labels = np.repeat([classes[name] for name in CLASSES], counts)
        np.savez_compressed(tmp_path / f"{name}.npz", images=np.zeros((len(labels), 1, 1), np.uint8), labels=labels)
    found = open_splits(tmp_path).chosen("test")
    proven = classes is FER2013
    assert (tuple(np.bincount(found.labels)) == tuple(np.subtract(known.counts, known.training))) == proven
    assert found.order.reason == ("the counts are those of FER2013 in Table 1" if proven else "the form of arrays")


@pytest.mark.parametrize("images", [FACES[..., 0], FACES[..., :1]], ids=["(n, h, w)", "(n, h, w, 1)"])
def test_grey_npz_images_are_repeated(tmp_path, images):
    dataset = open_dataset(npz(tmp_path, images=images, labels=np.arange(7)))
    np.testing.assert_array_equal([dataset.image(index) for index in range(7)], FACES[..., :1].repeat(3, axis=-1))
    assert dataset.gray


@pytest.mark.parametrize(
    ("arrays", "splits"),
    [
        (["x_train", "y_train", "x_test", "y_test"], ["test", "train"]),
        (["X_val", "emotions_val"], ["val"]),
        (["trainImages", "trainLabels", "mean"], ["train"]),
        (["X", "Y"], [""]),
        (["images", "labels", "x_test", "y_test"], [""]),
    ],
)
def test_arrays_are_found_by_the_words_of_their_names(tmp_path, arrays, splits):
    content = {name: np.arange(7) if name[0] in "yYe" or "abels" in name else FACES for name in arrays}
    found = read_npz(npz(tmp_path, **content))
    assert list(found) == splits
    assert all(listing.labels.tolist() == list(range(7)) for listing in found.values())


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"images": FACES}, "holds the arrays images: expected 'images'"),
        ({"faces": FACES, "x": FACES, "y": np.arange(7)}, "holds the arrays faces, x, y: expected 'images'"),
        ({"images": FACES, "labels": np.array(["happy"] * 7, object)}, "save labels.astype(str)"),
        ({"images": FACES, "labels": np.arange(6)}, "7 images but 6 labels"),
        ({"images": FACES, "labels": np.arange(1, 8)}, "label 7 of image 6 is out of range: labels are 0 to 6"),
        ({"images": FACES, "labels": np.arange(-1, 6)}, "label -1 of image 0 is out of range"),
        ({"images": FACES, "labels": np.array(["happy"] * 6 + ["contempt"])}, "'contempt' is not one of the seven"),
        ({"images": FACES, "labels": np.linspace(0, 5, 7)}, "label 0.8333333333333334 of image 1 is not an integer"),
        ({"images": FACES, "labels": np.array([np.nan] * 7)}, "label nan of image 0 is not an integer"),
        ({"images": FACES, "labels": np.full((7, 7), 1 / 7)}, "labels of shape (7, 7) are not one-hot"),
        ({"images": FACES, "labels": np.zeros((7, 2304))}, "labels have shape (7, 2304)"),
        ({"images": FACES / 255, "labels": np.arange(7)}, "images are float64"),
        ({"images": FACES[..., :2], "labels": np.arange(7)}, "images have shape (7, 8, 6, 2)"),
        ({"images": FACES.reshape(7, -1), "labels": np.arange(7)}, "images have shape (7, 144)"),
        ({"images": FACES[:0], "labels": np.arange(0)}, "holds no images"),
    ],
)
def test_a_mistake_in_an_npz_is_one_clear_line(tmp_path, arrays, says):
    assert says in refusal_of(npz(tmp_path, **arrays))


class Trap:
    """Creates a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", ["images", "labels"])
def test_nothing_in_an_npz_is_unpickled(tmp_path, name):
    arrays = {"images": FACES, "labels": np.arange(7)} | {name: np.array([Trap(tmp_path / "sprung")] * 7, object)}
    path = npz(tmp_path, **arrays)
    refusal_of(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.95])
def test_a_truncated_npz_is_one_clear_line(tmp_path, kept):
    path = npz(tmp_path, images=FACES, labels=np.arange(7))
    whole = path.read_bytes()
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    assert "not a readable .npz file" in refusal_of(path)


def header(shape, descr) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def members(tmp_path, images=None, labels=None):
    """Write an .npz whose headers may say anything."""
    path = tmp_path / "set.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", images or header((7, 8, 8), "|u1") + bytes(448))
        archive.writestr("labels.npy", labels or header((7,), "|u1") + bytes(7))
    return path


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"labels": header((10**13,), "<i8")}, "7 images but 10000000000000 labels"),
        ({"labels": header((7,), "<i8") + bytes(55)}, "labels hold 55 bytes, but their shape needs 56"),
        ({"labels": header((7,), "<i8") + bytes(10**6)}, "labels hold more than 56 bytes"),
        ({"labels": header((7,), "<U1000000")}, "too long for class names"),
        ({"images": header((10**13, 8, 8), "|u1"), "labels": header((10**13,), "|u1")}, "images exceed the limit"),
        ({"images": header((7, 8, 8), "|u1") + bytes(447)}, "images hold 447 bytes, but their shape needs 448"),
        ({"images": header((-7, 8, 8), "|u1") + bytes(448)}, "images have shape (-7, 8, 8)"),
        ({"images": b"\x93NUMPY\x02\x00\xff\xff\xff\xff"}, "version 2.0 of the .npy format"),
        ({"images": b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': (((((("}, "not a readable .npz file"),
    ],
)
def test_headers_with_wrong_sizes_are_one_clear_line(tmp_path, changed, says):
    assert says in refusal_of(members(tmp_path, **changed))


def test_only_the_declared_bytes_of_an_expanding_member_are_copied(tmp_path, monkeypatch):
    written = []

    class Counting(io.BytesIO):
        def write(self, piece):
            written.append(len(piece))
            return super().write(piece)

    monkeypatch.setattr(tempfile, "TemporaryFile", Counting)
    path = members(tmp_path, images=header((7, 8, 8), "|u1") + bytes(50 << 20))
    assert "images hold more than 448 bytes" in refusal_of(path)
    assert sum(written) == 449


@pytest.mark.parametrize("damage", ["encrypted", "broken"])
@pytest.mark.parametrize("name", [b"images.npy", b"labels.npy"])
def test_a_member_that_cannot_be_read_is_one_clear_line(tmp_path, damage, name):
    path = npz(tmp_path, images=FACES, labels=np.arange(7))
    content = bytearray(path.read_bytes())
    local, directory = content.index(name) - 30, content.rindex(name) - 46
    if damage == "encrypted":
        content[local + 6] |= 1
        content[directory + 8] |= 1
    else:
        extra = int.from_bytes(content[local + 28 : local + 30], "little")
        content[local + 30 + len(name) + extra] = 0xFF
    path.write_bytes(content)
    assert "not a readable .npz file" in refusal_of(path)


def test_an_unknown_class_name_in_an_npz_is_reported_with_its_file(tmp_path):
    path = npz(tmp_path, images=FACES, labels=np.array(["happy"] * 6 + ["hapy"]))
    assert refusal_of(path).startswith(f"{path}: labels: unknown class 'hapy'")


class FullDisk(io.BytesIO):
    def write(self, _):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("form", ["npz", "csv"])
def test_a_full_disk_is_reported(tmp_path, monkeypatch, form):
    path = npz(tmp_path, images=FACES, labels=np.arange(7)) if form == "npz" else fer2013(tmp_path, [GOOD])
    monkeypatch.setattr(tempfile, "TemporaryFile", FullDisk)
    said = refusal_of(path)
    assert said.startswith(f"{path} needs a temporary copy, but the disk of ")
    assert "free some space or set TMPDIR" in said


@pytest.mark.parametrize("form", ["npz", "csv"])
def test_no_folder_for_temporary_files_is_one_line(tmp_path, no_temporary_folder, form):
    path = npz(tmp_path, images=FACES, labels=np.arange(7)) if form == "npz" else fer2013(tmp_path, [GOOD])
    said = refusal_of(path)
    assert said.startswith(
        f"{path} needs a folder for temporary files, but none is writable: free some space or set TMPDIR"
    )


@pytest.mark.parametrize("size", [20, 5000])
def test_an_invalid_emotion_is_reported_in_a_short_line(tmp_path, size):
    said = refusal_of(fer2013(tmp_path, [GOOD, f"{'9' * size},{written(ROWS[0])},PublicTest"]))
    assert "line 3" in said
    assert len(said) < len(str(tmp_path)) + 200


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no file names that are not text")
@pytest.mark.parametrize("form", ["npz", "csv"])
def test_a_file_name_that_no_report_could_hold_is_refused_in_escaped_form(tmp_path, form):
    path = npz(tmp_path, images=FACES, labels=np.arange(7)) if form == "npz" else fer2013(tmp_path, [GOOD])
    renamed = path.rename(tmp_path / os.fsdecode(b"caf\xe9." + form.encode()))
    assert refusal_of(renamed) == f"caf\\xe9.{form}: the name is not UTF-8: rename it"


# --- FER2013's CSV -----------------------------------------------------------------------------------------------

FER2013_CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
ROWS = RNG.integers(0, 256, (7, 48, 48), dtype=np.uint8)


def fer2013(tmp_path, rows, header="emotion,pixels,Usage"):
    (tmp_path / "fer2013.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path / "fer2013.csv"


def written(row) -> str:
    return " ".join(map(str, row.ravel().tolist()))


def test_fer2013_labels_are_read_in_its_own_order(tmp_path):
    path = fer2013(tmp_path, [f"{label},{written(row)}" for label, row in enumerate(ROWS)], "emotion,pixels")
    dataset = open_dataset(path)
    assert dataset.form == "fer2013 csv"
    words = [
        f'{name.lower()},"[{written(row).replace(" ", ", ")}]"' for name, row in zip(FER2013_CLASSES, ROWS, strict=True)
    ]
    assert open_dataset(fer2013(tmp_path, words, "emotion,pixels")).manifest() == dataset.manifest()
    assert tuple(entry.label for entry in dataset.manifest()) == FER2013_CLASSES
    np.testing.assert_array_equal([dataset.image(index) for index in range(7)], ROWS[..., None].repeat(3, axis=-1))


@pytest.mark.parametrize(
    ("usages", "ids", "note"),
    [
        (["Training", "PublicTest", "Training", "PrivateTest"], ("1", "3"), "left out: 2 of Training"),
        (["Training", "PrivateTest", "Other", "Other"], ("1",), "left out: 2 of Other, 1 of Training"),
    ],
)
def test_fer2013s_two_test_parts_are_taken_where_rows_are_marked(tmp_path, usages, ids, note):
    rows = [f"{usage},3,{written(row)}" for usage, row in zip(usages, ROWS, strict=False)]
    dataset = open_dataset(fer2013(tmp_path, rows, " Usage, emotion, pixels"))
    assert dataset.ids == ids
    np.testing.assert_array_equal(dataset.image(0)[..., 0], ROWS[int(ids[0])])
    assert any(note in found for found in dataset.notes)


GOOD = f"3,{written(ROWS[0])},PublicTest"


@pytest.mark.parametrize(
    ("header", "bad", "says"),
    [
        ("emotion,Usage", "3,PublicTest", "no column 'pixels'"),
        ("label,pixels,Usage", GOOD, "no column 'emotion'"),
        ("emotion,pixels,Usage", f"7,{written(ROWS[0])},PublicTest", "line 3: label 7 is out of range"),
        ("emotion,pixels,Usage", f"hapy,{written(ROWS[0])},PublicTest", "line 3: unknown class 'hapy'"),
        ("emotion,pixels,Usage", "3,1 2 3,PublicTest", "line 3: 3 pixels instead of 2,304"),
        ("emotion,pixels,Usage", f"3,{written(ROWS[0])} 0,PublicTest", "line 3: 2,305 pixels instead of 2,304"),
        ("emotion,pixels,Usage", f"3,{'256 ' * 2304},PublicTest", "line 3: pixels must be integers from 0 to"),
        ("emotion,pixels,Usage", f"3,{'0.5 ' * 2304},PublicTest", "line 3: pixels must be integers from 0 to"),
        ("emotion,pixels,Usage", f"3,{written(ROWS[0])}", "line 3: 2 cells for 3 columns"),
    ],
)
def test_a_mistake_in_a_csv_names_its_line(tmp_path, header, bad, says):
    assert says in refusal_of(fer2013(tmp_path, [GOOD, bad], header))


@pytest.mark.parametrize("content", [b"", b"emotion,pixels,Usage\n", b"\xff\xfe\x00\x01", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_csv_without_images_is_one_clear_line(tmp_path, content):
    (tmp_path / "set.csv").write_bytes(content)
    assert str(tmp_path / "set.csv") in refusal_of(tmp_path / "set.csv")
