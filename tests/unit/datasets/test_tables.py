"""Tables of labels, FER2013's tables and FERPlus' votes, as people have them; every mistake names its line."""

import json

import pytest

from ferspec.api.requests import CertifyRequest, CompareRequest, VerifyRequest
from ferspec.subjects.datasets.readers import open_splits, read_published
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models.from_names import open_images
from helpers.layouts import CLASSES, class_folders, fer2013_csv, flat, written
from helpers.messages import refusal

WORDS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


def names(listing):
    return [CLASSES[label] for label in listing.labels]


# --- tables of labels --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("image,emotion", "{0},{1}"),
        ('"pth";"label";"relFCs"', "images/{0};{1};0.5"),
        ("subset\tfilename\texpression", "test\t{0}\t{1}"),
        ("image,label,emotion", "{0},3,{1}"),
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


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("test.txt", "{0} {1}"),
        ("val.lst", "my images/{0}\t{1}"),
        ("test.txt", "my images/{0} {1}"),
        ("x_test.csv", "{0},{1}"),
    ],
)
def test_a_list_without_column_names_is_read(tmp_path, name, row):
    rows = [row.format(*pair) for pair in zip(flat(tmp_path / "my images"), WORDS, strict=True)]
    (tmp_path / name).write_text("\r\n".join(rows))
    for path in (tmp_path, tmp_path / name):
        assert names(open_splits(path).chosen()) == list(CLASSES)


@pytest.mark.parametrize("listed", [False, True])
def test_labels_in_a_json_document_are_read(tmp_path, listed):
    labels = dict(zip(flat(tmp_path / "images"), WORDS, strict=True))
    rows = [{"file_name": name, "label": word, "box": [1]} for name, word in labels.items()]
    (tmp_path / "annotations.json").write_text(json.dumps(rows if listed else labels))
    for path in (tmp_path, tmp_path / "annotations.json"):
        assert names(open_splits(path).chosen()) == list(CLASSES)
    (tmp_path / "annotations.json").write_text(json.dumps({"labels": labels}))
    assert "a list of another form (annotations.json) is not read: write a CSV" in refusal(open_splits, tmp_path)


def test_a_list_of_boxes_is_named(tmp_path):
    flat(tmp_path)
    (tmp_path / "label.lst").write_text("000.jpg 0 23 78 90 10 60.1 4\n")
    assert "ExpW's (label.lst) is not read: crop each face to its box" in refusal(open_splits, tmp_path)


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


@pytest.mark.parametrize(("label", "noted"), [("anger", False), ("brown", True)])
def test_a_table_that_cannot_be_compared_with_the_class_folders_is_noted(tmp_path, label, noted):
    class_folders(tmp_path, dict.fromkeys(WORDS, 1))
    written(tmp_path / "hair.csv", [f"anger/000.png,{label}"])
    said = "hair.csv was not compared with the class folders: give hair.csv itself to see why"
    assert (said in open_splits(tmp_path).chosen().notes) == noted


def test_a_list_of_other_words_beside_a_table_of_names_does_no_harm(tmp_path):
    rows = [",".join(pair) for pair in zip(flat(tmp_path), WORDS, strict=True)]
    (tmp_path / "names.txt").write_text("Ada\nGrace\n")
    assert names(open_splits(written(tmp_path / "x.csv", rows)).chosen()) == list(CLASSES)


def test_a_table_that_contradicts_numbered_folders_is_refused(tmp_path):
    paths = [f"{number}/{copy}.jpg" for number in range(1, 8) for copy in range(2)]
    flat(root := tmp_path / "RAF-DB", paths)
    rows = [f"{path},{path[0]}" for path in paths]
    assert len(open_splits(written(root / "labels.csv", rows).parent).chosen()) == 14
    written(root / "labels.csv", [rows[0].replace(",1", ",4"), *rows[1:]])
    assert "1 images have another number than their folder, such as 1/0.jpg" in refusal(open_splits, root)


def test_a_column_without_classes_does_not_replace_numbers(tmp_path):
    rows = [f"{path},{number},none" for number, path in enumerate(flat(tmp_path))]
    assert "several common meanings" in refusal(open_splits, written(tmp_path / "x.csv", rows, "image,label,category"))


def test_labels_that_contradict_the_names_of_files_are_noted(tmp_path):
    flat(tmp_path, paths := ["KA.AN1.39.tiff", "KA.HA1.29.tiff"])
    rows = [f"{path},{word}" for path, word in zip(paths, ("angry", "happy"), strict=True)]
    assert open_splits(written(tmp_path / "x.csv", rows)).chosen().notes == ()
    found = open_splits(written(tmp_path / "x.csv", [rows[0], f"{paths[1]},sad"])).chosen()
    assert found.notes == ("labels are not those that JAFFE's names say: 1 (KA.HA1.29.tiff)",)


def test_a_name_in_two_splits_is_that_of_the_tables_own(tmp_path):
    for split, word in (("train", "sad"), ("test", "fear")):
        flat(tmp_path / split, ["1.jpg"])
        written(tmp_path / f"{split}.csv", [f"1.jpg,{word}"])
    found = open_splits(tmp_path).parts
    assert {name: (*part.ids, *names(part)) for name, part in found.items()} == {
        "train": ("train/1.jpg", "Sad"),
        "test": ("test/1.jpg", "Fear"),
    }


def test_a_table_that_is_not_one_of_labels_is_refused_with_its_columns(tmp_path):
    flat(tmp_path / "faces")
    written(tmp_path / "labels.csv", ["000.jpg,sad"], "picture,mood")
    assert "labels.csv: its columns are picture, mood: expected a column for the file" in refusal(open_splits, tmp_path)


# --- FER2013 and FERPlus -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "usages", [("train", "val", "test"), ("Training", "Validation", "Test"), ("TRAIN", "dev", "eval")]
)
def test_any_wording_of_usage_is_a_split(tmp_path, usages):
    path = fer2013_csv(tmp_path / "own.csv", [(name, usage) for usage in usages for name in CLASSES])
    assert f"holds several splits ({', '.join(sorted(usages))})" in refusal(open_dataset, path)
    path.write_text(path.read_text().replace("Usage", "split"))
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


@pytest.mark.parametrize(
    "request_of",
    [
        lambda path: CertifyRequest(model="demo", dataset=path, split="test"),
        lambda path: CompareRequest(models=("demo", "demo"), dataset=path, split="test"),
        lambda path: VerifyRequest(certificate="c.json", dataset=path, split="test"),
    ],
    ids=["certify", "compare", "verify"],
)
def test_every_command_that_opens_images_takes_a_split(tmp_path, request_of):
    asked = request_of(fer2013_csv(tmp_path / "own.csv", [("Sad", "train"), ("Fear", "test")]))
    assert "--split test" in asked.reproduce
    images = open_images("demo", asked.dataset, split=asked.split)
    assert images.support["Fear"] == len(images) == 1


def test_a_split_of_no_dataset_is_refused():
    assert "a split belongs to a dataset: add --dataset" in refusal(open_images, "demo", None, split="test")


@pytest.mark.parametrize(
    "usage", ["TRAIN ", "training_set", "Train1", "train-full", "trainval", "FER2013Train", "train."]
)
def test_a_split_that_mentions_training_is_not_evaluated(tmp_path, usage):
    path = fer2013_csv(tmp_path / "own.csv", [(name, usage) for name in CLASSES])
    assert "all images belong to the training split" in refusal(open_dataset, path)
    folders = class_folders(
        tmp_path / "set", {f"{part}_images/{name}": 1 for part in ("train", "test") for name in CLASSES}
    )
    assert "holds several splits (test_images, train_images)" in refusal(open_dataset, folders)


@pytest.mark.parametrize(
    "names", [("Training_1.jpg", "PublicTest_2.jpg"), ("train_00001_aligned.jpg", "test_0001.jpg")]
)
def test_images_named_for_training_are_noted_unless_asked_for(tmp_path, names):
    for split in ("train", "test"):
        flat(tmp_path / split / "happy", names)
    said = f"images are named as those of a training split: 1 (happy/{names[0]})"
    assert said in open_splits(tmp_path / "test").chosen().notes
    assert said.replace("(", "(test/") in open_splits(tmp_path).chosen("test").notes
    assert "are named" not in " ".join(open_splits(tmp_path).chosen("train").notes)


def test_a_split_of_unknown_use_is_evaluated_only_on_request(tmp_path):
    path = fer2013_csv(tmp_path / "own.csv", [(name, "fold0") for name in CLASSES])
    assert "belong to the split fold0, which may be one for training" in refusal(open_dataset, path)
    assert len(open_dataset(path, split="fold0")) == 7


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
    own = open_splits(tmp_path, "FER2013").chosen()
    assert names(own) == ["Angry"] * 6
    assert "FERPlus' votes in fer2013new.csv were not used" in own.notes
    written(tmp_path / "fer2013new.csv", rows[:-1], FERPLUS)
    assert "5 rows of votes for 6 images" in refusal(open_splits, tmp_path / "fer2013new.csv")


def test_the_folders_that_ferplus_generates_are_read(tmp_path):
    for folder in ("FER2013Train", "FER2013Test"):
        flat(tmp_path / folder, [f"fer{index:07}.png" for index in range(len(VOTES))])
        rows = [f'fer{index:07}.png,"(0, 0, 48, 48)",{votes}' for index, votes in enumerate(VOTES)]
        (tmp_path / folder / "label.csv").write_text("\n".join(rows))
    assert names(open_splits(tmp_path).chosen("test")) == ["Neutral", "Surprise", "Sad"]


def test_ck_in_the_form_of_fer2013_has_numbers_of_its_own(tmp_path):
    meant = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
    rows = [f"{number},{' '.join([str(number)] * 2304)},PublicTest" for number in range(8)]
    found = open_splits(written(tmp_path / "ckextended.csv", rows, "emotion,pixels,Usage").parent).chosen()
    assert (found.form, tuple(names(found))) == ("ck+ csv", meant)
    assert "images outside the seven classes were skipped: 1 Contempt" in found.notes
    assert found.fetch(6)[1][0, 0, 0] == 6
    for path in (tmp_path, tmp_path / "ckextended.csv"):
        assert "the files of CK+, but FER2013 is expected" in refusal(open_splits, path, "FER2013")
    (tmp_path / "ckextended.csv").rename(tmp_path / "faces.csv")
    assert "label 7 is out of range" in refusal(open_splits, tmp_path)
