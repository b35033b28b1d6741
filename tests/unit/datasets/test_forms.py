"""Every form of dataset is recognised, by all commands alike, and read as it means; the others are named."""

import base64
import bz2
import io
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.readers import open_splits, read_published
from ferspec.subjects.datasets.readers.listing import Form
from ferspec.subjects.datasets.subject import open_dataset
from helpers.layouts import (
    AFFECTNET,
    CLASSES,
    RAFDB,
    affectnet_annotations,
    affectnet_tables,
    class_folders,
    decoded,
    fer2013_csv,
    flat,
    picture,
    rafdb_list,
    save,
    written,
)
from helpers.messages import refusal
from helpers.places import ROOT

WORDS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


def names(listing):
    return [CLASSES[label] for label in listing.labels]


# --- each form with the right answer -----------------------------------------------------------------------------


def labels_table(root):
    return written(root / "labels.csv", map("{},{}".format, flat(root / "images"), WORDS)).parent


def imagefolder(root):
    rows = [
        json.dumps({"file_name": name, "label": word, "box": [1, 2]})
        for name, word in zip(flat(root), WORDS, strict=True)
    ]
    (root / "metadata.jsonl").write_text("\n".join(rows) + "\n")
    return root


def numbered_by_name(root):
    folders = class_folders(root / "DATASET" / "test", {str(number): 1 for number in RAFDB.values()}, ".jpg")
    for path in list(folders.rglob("*.jpg")):
        path.rename(path.with_name(f"test_{int(path.parent.name):05}_aligned.jpg"))
    return root


def rafdb_of_kaggle(root):
    rows = [f"{path.name},{path.parent.name}" for path in numbered_by_name(root).rglob("*.jpg")]
    return written(root / "test_labels.csv", rows, "image,label").parent


def votes(root):
    lines = [
        f"{name},{','.join('10' if other == word else '0' for other in WORDS)},0"
        for name, word in zip(flat(root), WORDS, strict=True)
    ]
    return written(root / "_classes.csv", lines, f"filename,{','.join(WORDS)},contempt").parent


def jaffe(root):
    codes = ("AN", "DI", "FE", "HA", "NE", "SA", "SU")
    flat(root, [f"KA.{code}1.{number}.tiff" for number, code in enumerate(codes, 39)])
    return root


def kdef(root):
    codes = ("AN", "DI", "AF", "HA", "NE", "SA", "SU")
    flat(
        root,
        [
            f"AF01/AF01{code}{side}.JPG"
            for code, side in zip(codes, ("S", "HL", "FL", "HR", "FR", "S", "S"), strict=True)
        ],
    )
    return root


def ck(root):
    for number in (1, 3, 4, 5, 6, 7, 2, 0):
        image = f"S010/{number:03}/S010_{number:03}_00000014"
        flat(root, [f"cohn-kanade-images/{image}.png", f"cohn-kanade-images/{image[:-2]}01.png"])
        label = root / "Emotion" / f"{image}_emotion.txt"
        label.parent.mkdir(parents=True)
        label.write_text(f"   {number:.7e}\n")
    return root


def yolo(root):
    for number, word in enumerate(CLASSES):
        flat(root, [f"test/images/{word}.jpg"])
        boxes = root / "test" / "labels" / f"{word}.txt"
        boxes.parent.mkdir(parents=True, exist_ok=True)
        boxes.write_text(f"{6 - number} 0.5 0.5 1 1\n")
    (root / "data.yaml").write_text("train: ../train\nnames: [Surprise, Sad, Neutral, Happy, Fear, Disgust, Anger]\n")
    return root


def arrays(root):
    root.mkdir()
    np.savez(root / "test.npz", images=np.stack([picture(word) for word in WORDS]), labels=np.array(WORDS))
    return root


def parquet(root):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    root.mkdir()
    rows = [{"bytes": save(root.parent / f"{word}.png").read_bytes(), "path": None} for word in WORDS]
    features = {"label": {"names": [*WORDS[::-1], "contempt"], "_type": "ClassLabel"}}
    schema = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        {"huggingface": json.dumps({"info": {"features": features}})},
    )
    contents = {"image": [*rows, rows[0]], "label": [6, 5, 4, 3, 2, 1, 0, 7]}
    pq.write_table(pa.table(contents, schema), root / "test-00000-of-00001.parquet")
    return root


def test_a_parquet_file_of_pandas_is_read_with_its_splits(tmp_path):
    pytest.importorskip("pyarrow")
    pictures = [save(tmp_path / f"{word}.png").read_bytes() for word in WORDS]
    frame = pd.DataFrame({"image": pictures, "emotion": pd.Categorical(WORDS), "split": ["train", *["test"] * 6]})
    frame.to_parquet(tmp_path / "faces.parquet")
    listing = open_splits(tmp_path / "faces.parquet").chosen("test")
    assert names(listing) == list(CLASSES[1:])
    assert [listing.fetch(index)[0] for index in range(6)] == pictures[1:]
    unsaved = [{"bytes": None, "path": "1.png"}, *({"bytes": content, "path": ""} for content in pictures[1:])]
    frame.assign(image=unsaved).to_parquet(tmp_path / "faces.parquet")
    assert "row 0: names an image without its bytes" in refusal(open_splits, tmp_path / "faces.parquet")
    frame.drop(columns="emotion").to_parquet(tmp_path / "faces.parquet")
    assert "expected a column of image bytes and one of labels, not image (binary)" in refusal(
        open_splits, tmp_path / "faces.parquet"
    )


def test_numbers_in_parquet_have_one_order_that_the_files_or_a_list_declare(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    contents = pa.table({"image": [save(tmp_path / "x" / "1.png").read_bytes()] * 7, "label": range(7)})

    def write(name, order):
        features = {"label": {"names": order}}
        kept = {"huggingface": json.dumps({"info": {"features": features}})} if order else {}
        pq.write_table(contents.replace_schema_metadata(kept), tmp_path / name)

    write("test.parquet", None)
    (tmp_path / "classes.txt").write_text("\n".join(WORDS[::-1]))
    for path in (tmp_path, tmp_path / "test.parquet"):
        assert names(open_splits(path).chosen()) == list(CLASSES[::-1])
    write("test.parquet", WORDS)
    write("train.parquet", WORDS)
    assert names(open_splits(tmp_path).chosen("test")) == list(CLASSES)
    write("train.parquet", WORDS[::-1])
    assert "train.parquet: numbers the classes in another order than the files before" in refusal(open_splits, tmp_path)


@pytest.mark.parametrize("kind", [str, list])
def test_the_pixels_of_fer2013_in_parquet_are_read(tmp_path, kind):
    pytest.importorskip("pyarrow")
    values = [[number] * 2304 for number in range(7)]
    pixels = [" ".join(map(str, row)) if kind is str else row for row in values]
    frame = pd.DataFrame({"emotion": map(float, range(7)), "pixels": pixels, "Usage": "PublicTest"})
    frame.to_parquet(tmp_path / "fer2013.parquet")
    found = open_splits(tmp_path).chosen()
    assert names(found) == ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"]
    np.testing.assert_array_equal(found.fetch(6)[1], np.full((48, 48, 3), 6))
    frame.assign(pixels="1 2").to_parquet(tmp_path / "fer2013.parquet")
    assert "row 0: 2 pixels instead of 2,304" in refusal(open_splits, tmp_path)


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_images_in_base64_with_lists_of_labels_are_read(tmp_path, prefix):
    pytest.importorskip("pyarrow")
    pictures = [save(tmp_path / "images" / f"{word}.png").read_bytes() for word in WORDS]
    texts = [prefix + base64.b64encode(content).decode() for content in pictures]
    path = tmp_path / "test.parquet"
    frame = pd.DataFrame({"image": texts, "labels": [[word] for word in WORDS]})
    frame.to_parquet(path)
    found = open_splits(path).chosen()
    assert names(found) == list(CLASSES)
    assert [found.fetch(index)[0] for index in range(7)] == pictures
    frame.assign(labels=[["anger", "fear"]] * 7).to_parquet(path)
    assert "row 0: 2 labels: save one class for each image" in refusal(open_splits, path)
    frame.assign(image="images/1.png").to_parquet(path)
    assert "row 0: names an image without its bytes" in refusal(open_splits, path)
    frame.assign(labels=np.eye(7, dtype=int)[::-1].tolist()).to_parquet(path)
    assert names(open_splits(path, "BTFER").chosen()) == list(CLASSES[::-1])


@pytest.mark.parametrize("suffix", ["", ".jfif", ".dat"])
@pytest.mark.parametrize("form", [jaffe, kdef, ck])
def test_named_images_are_known_by_their_content(tmp_path, form, suffix):
    expected = open_splits(form(tmp_path / "set")).chosen()
    for path in [path for path in (tmp_path / "set").rglob("*.*") if path.is_file() and path.suffix != ".txt"]:
        path.rename(path.with_suffix(suffix))
    found = open_splits(tmp_path / "set").chosen()
    assert (found.form, names(found)) == ("file names", names(expected))
    assert found.fetch(6)[1].shape == (8, 8, 3)
    (tmp_path / "set" / f"KA.SU9.99{suffix}").write_bytes(b"no image")
    assert names(open_splits(tmp_path / "set").chosen()) == names(expected)


FORMS = {
    "raf-db list": lambda root: rafdb_list(root, CLASSES, CLASSES).parents[2],
    "fer2013 csv": lambda root: fer2013_csv(root / "fer2013.csv", [(name, "PrivateTest") for name in CLASSES]).parent,
    "affectnet csv": lambda root: affectnet_tables(root, [0], [AFFECTNET[name] for name in CLASSES]),
    "affectnet npy": lambda root: affectnet_annotations(root, {"val_set": [AFFECTNET[name] for name in CLASSES]}),
    "class folders": lambda root: class_folders(root, {f"Test/{word}": 1 for word in WORDS}),
    "yolo boxes": yolo,
    "npz": arrays,
    "parquet": parquet,
    "labels table": labels_table,
    "labels table: imagefolder": imagefolder,
    "labels table: RAF-DB of Kaggle": rafdb_of_kaggle,
    "labels table: columns of classes": votes,
    "class folders: numbered": numbered_by_name,
    "file names": jaffe,
    "file names: KDEF": kdef,
    "file names: CK+": ck,
}
TRAINING_TOO = ("raf-db list", "affectnet csv")


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_with_its_labels(tmp_path, form):
    path = FORMS[form](tmp_path / "set")
    listing = open_splits(path).chosen("test" if "raf" in form else "validation" if form == "affectnet csv" else None)
    assert listing.form == form.partition(":")[0]
    expected = [name for name in CLASSES if name != "Neutral" or form != "file names: CK+"]
    assert sorted(names(listing)) == (list(CLASSES) if form == "file names: CK+" else expected)
    for index, id in enumerate(listing.ids):
        assert listing.fetch(index)[1].shape[2] == 3, id


def test_the_table_lists_every_form_that_is_tested():
    listed = {row.name for row in table().form}
    assert listed == set(get_args(Form)) - {"synthetic", "in memory"}
    assert listed - {form.partition(":")[0] for form in FORMS} == {"ferplus votes", "ck+ csv"}


def test_the_documentation_shows_the_table():
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    for row in table().form:
        assert f"| {row.title} | {row.recognised} | {row.read} |" in page
    for row in table().unread:
        assert f"| {row.title} ({', '.join(f'`{name}`' for name in row.names)}) | {row.instead} |" in page


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
@pytest.mark.parametrize("form", ["class folders", "fer2013 csv", "raf-db list", "labels table", "affectnet npy"])
def test_an_archive_is_read_in_place(tmp_path, form, suffix):
    folder = FORMS[form](tmp_path / "set")
    kind = {".zip": "zip", ".tar": "tar", ".tar.gz": "gztar"}[suffix]
    archive = shutil.make_archive(tmp_path / "packed", kind, folder)
    split = "test" if "raf" in form else None
    packed, plain = open_splits(archive).chosen(split), open_splits(folder).chosen(split)
    assert (packed.form, packed.ids, names(packed)) == (plain.form, plain.ids, names(plain))
    assert [packed.fetch(index)[0] for index in range(7)] == [plain.fetch(index)[0] for index in range(7)]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_evaluated_can_be_trained_on(tmp_path, form):
    """certify and train have one reader: a form without training images is refused for the missing split alone."""
    path = FORMS[form](tmp_path / "set")
    dataset = next((row.dataset for row in table().form if row.name == form and row.dataset), "RAF-DB")
    if form in TRAINING_TOO:
        assert read_published(dataset, path).held_out is not None
    elif set(open_splits(path).parts) == {""}:
        assert read_published(dataset, path).held_out is None
    else:
        assert "but not a training split" in refusal(read_published, dataset, path)


# --- archives within bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../Happy/1.png", "/Happy/1.png", "Happy/../../../1.png"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_name_in_an_archive_leads_out_of_it(tmp_path, name, kind):
    path = tmp_path / f"set.{kind}"
    content = save(tmp_path / "x.png").read_bytes()
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, content)
            archive.writestr("Happy/1.png", content)
    else:
        with tarfile.open(path, "w") as archive:
            for member in (name, "Happy/1.png"):
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    assert f"{path}: holds a file whose name leads out of it ({name})" in refusal(open_splits, path)


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    class_folders(tmp_path / "set", {"Happy": 1})
    (tmp_path / "set" / "Happy" / "passwd.png").symlink_to("/etc/passwd")
    path = shutil.make_archive(tmp_path / "packed", "tar", tmp_path / "set")
    assert open_splits(path).chosen().ids == ("Happy/000.png",)


def test_a_damaged_archive_is_one_line(tmp_path):
    class_folders(tmp_path / "set", {"Happy": 30})
    for kind in ("zip", "tar", "gztar"):
        path = Path(shutil.make_archive(tmp_path / "packed", kind, tmp_path / "set"))
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 3])
        assert path.name in refusal(lambda path: open_splits(path).chosen().fetch(29), path)
    path.write_bytes(bz2.compress(b"no archive"))
    assert "not a readable archive" in refusal(open_dataset, path)


def test_an_image_that_a_parquet_file_holds_once_does_not_fill_the_disk(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    pd.DataFrame({"image": [bytes(range(256)) * 400] * 300, "label": "Sad"}).to_parquet(tmp_path / "x.parquet")
    assert len(open_splits(tmp_path / "x.parquet").chosen()) == 300
    monkeypatch.setattr("ferspec.subjects.datasets.readers.parquet.UNCHECKED", 1 << 20)
    assert "the images expand to more than" in refusal(open_splits, tmp_path / "x.parquet")


def test_a_zip_of_windows_is_read_and_one_with_a_name_twice_refused(tmp_path):
    content = save(tmp_path / "x.png").read_bytes()
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in CLASSES:
            entry = zipfile.ZipInfo("x")
            entry.filename = f"test\\{name}\\1.png"
            archive.writestr(entry, content)
    assert open_splits(path).chosen().ids[0] == "Angry/1.png"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("test/Angry/1.png", content)
    assert "holds two files of one name" in refusal(open_splits, path)


@pytest.mark.parametrize("form", ["fer2013 csv", "labels table: imagefolder", "parquet"])
def test_a_damaged_table_in_an_archive_is_one_line(tmp_path, form):
    path = Path(shutil.make_archive(tmp_path / "packed", "zip", FORMS[form](tmp_path / "set")))
    assert len(open_splits(path).chosen()) == 7
    content = bytearray(path.read_bytes())
    table_name = {"fer2013 csv": b"fer2013.csv", "parquet": b"parquet"}.get(form, b"metadata.jsonl")
    start = content.index(table_name) + len(table_name)
    content[start + 20 : start + 120] = bytes(100)
    path.write_bytes(content)
    assert "packed.zip" in refusal(open_splits, path)


# --- what is not read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", table().unread, ids=lambda form: form.title)
def test_a_form_that_is_not_read_is_named_with_the_way_out(tmp_path, form):
    name = form.names[0].replace("*", "data")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(b"content")
    for path in (tmp_path / "set", tmp_path / "set" / name):
        assert refusal(open_dataset, path) == f"{path}: {form.title} ({name}) is not read: {form.instead}"


def test_a_picture_is_not_a_dataset(tmp_path):
    Image.fromarray(picture("a")).save(tmp_path / "a.png")
    assert "not a dataset" in refusal(open_dataset, tmp_path / "a.png")
    np.testing.assert_array_equal(decoded(tmp_path / "a.png"), picture("a"))
