"""Every form of dataset is recognised, by all commands alike, and read as it means; the others are named."""

import bz2
import io
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
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
    picture,
    rafdb_list,
    save,
)
from helpers.messages import refusal
from helpers.places import ROOT

WORDS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


def names(listing):
    return [CLASSES[label] for label in listing.labels]


def flat(root, files=None):
    """Write seven pictures without any folder of a class; return their names."""
    listed = files or [f"{index:03}.jpg" for index in range(7)]
    for name in listed:
        save(root / name)
    return listed


def written(path, rows, columns="file,label"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


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
    assert listed - {form.partition(":")[0] for form in FORMS} == {"ferplus votes"}


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


# --- tables of labels --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("image,emotion", "{0},{1}"),
        ('"pth";"label";"relFCs"', "images/{0};{1};0.5"),
        ("subset\tfilename\texpression", "test\t{0}\t{1}"),
        (",path,label", "7,C:\\data\\images\\{0},{1}"),
    ],
)
def test_columns_separators_and_paths_may_differ(tmp_path, columns, row):
    rows = [row.format(*pair) for pair in zip(flat(tmp_path / "images"), WORDS, strict=True)]
    written(tmp_path / "labels.csv", rows, columns)
    assert sorted(names(open_splits(tmp_path).chosen())) == list(CLASSES)
    assert names(open_splits(tmp_path / "labels.csv").chosen()) == names(open_splits(tmp_path).chosen())


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["000.jpg,hapy"], "line 2: unknown class 'hapy': did you mean Happy?"),
        (["000.jpg,sad", "000.jpg,fear"], "line 3: 000.jpg has another label in an earlier row"),
        (["900.jpg,sad"], "none of its images exists below"),
        (["000.jpg,contempt"], "holds no image of the seven classes"),
        (["000.jpg,0", "001.jpg,1"], "which has several common meanings"),
        (["../../000.jpg,sad,x"], "line 2: 3 cells for 2 columns"),
    ],
)
def test_a_mistake_in_a_table_of_labels_names_its_line(tmp_path, rows, says):
    flat(tmp_path)
    assert says in refusal(open_splits, written(tmp_path / "labels.csv", rows))


def test_a_name_that_fits_several_files_is_refused_and_a_longer_one_read(tmp_path):
    flat(tmp_path, ["a/1.jpg", "b/1.jpg"])
    assert "1.jpg fits several files: a/1.jpg, b/1.jpg" in refusal(
        open_splits, written(tmp_path / "x.csv", ["1.jpg,sad"])
    )
    written(tmp_path / "x.csv", ["data/a/1.jpg,sad", "data/b/1.jpg,fear"])
    assert dict(zip((found := open_splits(tmp_path).chosen()).ids, names(found), strict=True)) == {
        "a/1.jpg": "Sad",
        "b/1.jpg": "Fear",
    }


def test_a_table_that_contradicts_the_class_folders_is_refused(tmp_path):
    class_folders(tmp_path, dict.fromkeys(WORDS, 1))
    assert len(open_splits(tmp_path).chosen()) == 7
    written(tmp_path / "labels.csv", ["anger/000.png,anger", "fear/000.png,surprise"], "pth,label")
    assert "1 images have another label in labels.csv than their folder, such as fear/000.png" in refusal(
        open_splits, tmp_path
    )
    assert names(open_splits(tmp_path / "labels.csv").chosen()) == ["Angry", "Surprise"]


# --- FER2013 and FERPlus -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "usages", [("train", "val", "test"), ("Training", "Validation", "Test"), ("TRAIN", "dev", "eval")]
)
def test_any_wording_of_usage_is_a_split(tmp_path, usages):
    path = fer2013_csv(tmp_path / "own.csv", [(name, usage) for usage in usages for name in CLASSES])
    assert f"holds several splits ({', '.join(sorted(usages))})" in refusal(open_dataset, path)
    chosen = open_dataset(path, split=usages[2])
    assert (len(chosen), chosen.listing.split.taken) == (7, usages[2])
    assert any(f"7 of {usages[0]}" in note for note in chosen.notes)
    assert len(read_published("FER2013", path).training) == 7


def test_images_to_train_on_are_evaluated_only_on_request(tmp_path):
    path = fer2013_csv(tmp_path / "own.csv", [(name, "Training") for name in CLASSES])
    assert "all images belong to the training split (Training)" in refusal(open_dataset, path)
    assert len(open_dataset(path, split="train")) == 7
    folders = class_folders(tmp_path / "set", {f"TRAIN/{name}": 1 for name in CLASSES})
    assert "all images belong to the training split" in refusal(open_dataset, folders)
    assert len(open_dataset(folders / "TRAIN")) == 7
    assert "does not hold a split 'test': it holds TRAIN" in refusal(open_dataset, folders, split="test")
    assert "it has no splits" in refusal(open_dataset, folders / "TRAIN", split="test")


def test_the_only_split_for_tests_is_taken_and_named(tmp_path):
    dataset = open_dataset(class_folders(tmp_path / "set", {f"Testing/{name}": 1 for name in CLASSES}))
    assert dataset.notes[0] == "split: Testing (the only split)"


def test_the_tables_of_the_competition_are_its_splits(tmp_path):
    rows = [(name, "") for name in CLASSES]
    for name in ("train", "test"):
        path = fer2013_csv(tmp_path / f"{name}.csv", rows)
        path.write_text("\n".join(line.rpartition(",")[0] for line in path.read_text().splitlines()))
    found = read_published("FER2013", tmp_path)
    assert (len(found.training), len(found.held_out)) == (7, 7)
    assert len(set(found.whole().ids)) == 14
    path.write_text("\n".join(line.rpartition(",")[2] for line in path.read_text().splitlines()))
    assert "test.csv has pixels but no labels, as the competition published" in refusal(
        read_published, "FER2013", tmp_path
    )
    fer2013_csv(tmp_path / "icml_face_data.csv", [("Sad", "Training"), ("Fear", "PublicTest")])
    assert names(open_splits(tmp_path).chosen()) == ["Fear"]


FERPLUS = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
VOTES = {
    "8,1,0,1,0,0,0,0,0,0": "Neutral",
    "0,0,6,0,0,0,4,0,0,0": "Surprise",
    "5,5,0,0,0,0,0,0,0,0": None,  # no majority
    "0,0,0,5,1,1,1,1,1,0": "Sad",  # single votes do not count
    "0,0,0,0,0,0,0,10,0,0": None,  # contempt
    "0,0,0,0,0,0,0,0,0,10": None,  # no face
}


def test_votes_of_ferplus_are_counted_as_its_authors_do(tmp_path):
    fer2013_csv(tmp_path / "fer2013.csv", [("Angry", "PublicTest")] * len(VOTES))
    rows = [f"PublicTest,fer{index:07}.png,{votes}" for index, votes in enumerate(VOTES)]
    listing = open_splits(written(tmp_path / "fer2013new.csv", rows, FERPLUS)).chosen()
    assert dict(zip(listing.ids, names(listing), strict=True)) == {
        str(index): name for index, name in enumerate(VOTES.values()) if name
    }
    assert listing.fetch(2)[1][0, 0, 0] == 3
    assert "images outside the seven classes were skipped: 1 contempt, 1 nf" in listing.notes
    assert "holds FER2013's labels and FERPlus' votes: give fer2013new.csv or" in refusal(open_splits, tmp_path)
    assert names(open_splits(tmp_path, "FER2013").chosen()) == ["Angry"] * 6
    written(tmp_path / "fer2013new.csv", rows[:-1], FERPLUS)
    assert "5 rows of votes for 6 images" in refusal(open_splits, tmp_path / "fer2013new.csv")


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
