"""Reading recorded predictions as people have them, or refusing them with the wrong line."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.predictions import align, is_predictions_file, read_predictions
from helpers import messages

HEADER = "image,Angry,Disgust,Fear,Happy,Neutral,Sad,Surprise"
ROW = "0.1,0.1,0.1,0.4,0.1,0.1,0.1"


@pytest.fixture
def csv(tmp_path):
    def write(*lines, encoding="utf-8"):
        path = tmp_path / "predictions.csv"
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return write


refusal = partial(messages.refusal, read_predictions)


def test_probabilities_are_read_in_the_order_of_the_classes(csv):
    read = read_predictions(csv(HEADER, f"a.png,{ROW}", "b.png,0,0,0,0,0,0,1"))
    assert read.ids == ("a.png", "b.png")
    assert read.predicted.tolist() == [3, 6]
    np.testing.assert_array_equal(read.probabilities[0], [0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1])


def test_columns_may_have_any_alias_prefix_and_order(csv):
    read = read_predictions(
        csv("p_surprised,p_sadness,p_neutral,p_happiness,p_fear,p_disgust,p_anger,Path", "7,6,5,4,3,2,1,x")
    )
    assert read.ids == ("x",)
    assert read.probabilities.tolist() == [[1, 2, 3, 4, 5, 6, 7]]


@pytest.mark.parametrize("column", ["class", "predicted", "Predictions", "y_pred", "dominant_emotion"])
@pytest.mark.parametrize("image", ["image", "id", "path", "filename", "face_path", "Source-File", "crop img"])
def test_a_column_of_class_names_is_enough(csv, image, column):
    read = read_predictions(csv(f"{image},{column}", "a,anger", "b,Surprised"))
    assert read.probabilities is None
    assert read.predicted.tolist() == [0, 6]


def test_other_columns_byte_order_mark_spaces_and_blank_lines_do_no_harm(csv):
    read = read_predictions(csv("image , fold, class", "", " a , 1 , Fear ", "", "", encoding="utf-8-sig"))
    assert read.ids == ("a",)
    assert read.predicted.tolist() == [2]


def test_rows_that_do_not_sum_to_one_are_left_to_the_check(csv):
    read = read_predictions(csv(HEADER, "a,1,1,1,1,1,1,-2"))
    assert read.probabilities.sum() == 4


def test_the_digest_is_that_of_the_bytes(csv):
    import hashlib

    path = csv("image,class", "a,Sad")
    assert read_predictions(path).digest == hashlib.sha256(b"image,class\na,Sad").hexdigest()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param([""], "is empty", id="an empty file"),
        pytest.param([HEADER], "no predictions", id="a header alone"),
        pytest.param(["face,class", "a,Sad"], "no column that names the images", id="no image column"),
        pytest.param(["class,true", "Sad,5"], "that would prove their order", id="numbers without names"),
        pytest.param(["image,label", "a,Sad"], "label may be the true class", id="no prediction column"),
        pytest.param([HEADER.replace("Fear", "Feer"), f"a,{ROW}"], "the column 'Feer'?", id="a misspelt class"),
        pytest.param(["image,Fear", "a,1"], "no column of probabilities for Angry", id="one class"),
        pytest.param([HEADER, "a,,,,,,,"], "no answer in any row", id="no answers"),
        pytest.param([HEADER + ",class", f"a,{ROW},"], "'class' is empty", id="half an answer"),
        pytest.param(
            [HEADER + ",class", f"a,{ROW},contempt"], "'contempt' has no column of probabilities", id="no such column"
        ),
        pytest.param(
            [HEADER + ",fearful", f"a,{ROW},0"], "'Fear' and 'fearful' are the same class", id="a class twice"
        ),
        pytest.param(["image,class,CLASS", "a,Sad,Sad"], "column 'class' twice", id="a column twice"),
        pytest.param([HEADER, f"a,{ROW}", f"a,{ROW}"], "line 3: 'a' already occurs in line 2", id="an image twice"),
        pytest.param([HEADER, f",{ROW}"], "line 2: the image has no name", id="an image without a name"),
        pytest.param([HEADER, "", "a,1,0,x,0,0,0,0"], "line 3, column 'Fear': 'x' is not a finite", id="a word"),
        pytest.param([HEADER, "a,1,0,0,0,0,0,NaN"], "column 'Surprise': 'NaN' is not a finite", id="NaN"),
        pytest.param([HEADER, "a,1,0,0,0,0,0,inf"], "'inf' is not a finite", id="infinity"),
        pytest.param([HEADER, "a,1,0,0,0,0,0"], "'' is not a finite number", id="a row too short"),
        pytest.param([HEADER, f"a,{ROW},0.5"], "line 2: 9 cells for 8 columns", id="a row too long"),
        pytest.param(["image,class", "a,Hapy"], "line 2: unknown class 'Hapy'", id="an unknown class"),
        pytest.param(["image,class", "a,3"], "line 2: '3' is a number", id="an integer class"),
        pytest.param(
            [HEADER + ",x", "a,.1,.1,.1,.2,.1,.1,.1,.2"], "the column 'x' every row sums to one", id="an eighth column"
        ),
        pytest.param(["path,label,score", "a,Sad,1", "a,Sad,0"], "has a score for 'Sad'", id="a label twice"),
        pytest.param(
            [HEADER + ",class", f"a,{ROW},Sad"], "says Sad, but Happy is the most probable", id="a contradiction"
        ),
    ],
)
def test_a_bad_file_is_one_line_that_names_what_is_wrong(csv, lines, words):
    assert words in refusal(csv(*lines))


def test_a_file_that_is_missing_no_text_or_a_folder_is_one_line(csv, tmp_path):
    assert "no such predictions file" in refusal(tmp_path / "none.csv")
    assert "it is a folder" in refusal(tmp_path)
    assert "not text in UTF-8" in refusal(csv("image,class", "é,Sad", encoding="latin-1"))


def test_tables_are_predictions_and_models_are_not(tmp_path):
    assert is_predictions_file("run/Predictions.CSV")
    assert not is_predictions_file("model.onnx")
    (tmp_path / "network.json").write_text('{"class_name": "Functional"}')
    (tmp_path / "answers.json").write_text(' [{"image": "a"}]')
    (tmp_path / "by file.json").write_text('{ "Sad/a.png": "sad"}')
    names = ("network.json", "answers.json", "by file.json")
    assert [is_predictions_file(tmp_path / name) for name in names] == [False, True, True]


NAMES = ["a.png", "b.png"]
CLASSES = HEADER.split(",")[1:]
VALUES = np.array([[0.125, 0.0625, 0.0625, 0.5, 0.125, 0.0625, 0.0625], [0, 0.25, 0, 0, 0, 0, 0.75]])
ROWS = [dict(zip(CLASSES, row, strict=True)) for row in VALUES.tolist()]
FRAME = pd.DataFrame(VALUES, columns=CLASSES).assign(image=NAMES)
SCORED = [[{"label": name.lower(), "score": value} for name, value in row.items()] for row in ROWS]
LONG = pd.DataFrame([{"file_name": name, **item} for name, row in zip(NAMES, SCORED, strict=True) for item in row])
FORMS = {
    "p.csv": FRAME.to_csv(index=False),
    "p.tsv": FRAME.to_csv(index=False, sep="\t"),
    "semicolons and decimal commas.csv": FRAME.to_csv(index=False, sep=";", decimal=","),
    "with an index.csv": FRAME.to_csv(),
    "p.jsonl": FRAME.to_json(orient="records", lines=True),
    "p.json": FRAME.to_json(orient="records"),
    "by file.json": json.dumps(
        {name: dict(zip(CLASSES, row, strict=True)) for name, row in zip(NAMES, VALUES.tolist(), strict=True)}
    ),
    "a row for each label.csv": LONG.sample(frac=1, random_state=0).to_csv(index=False),
    "pipeline.jsonl": "\n".join(
        json.dumps({"file": name, "predictions": row}) for name, row in zip(NAMES, SCORED, strict=True)
    ),
    "deepface of several.json": json.dumps([[{"img_path": n, "emotion": r}] for n, r in zip(NAMES, ROWS, strict=True)]),
    "P(class).csv": FRAME.rename(columns=lambda name: f"P({name})" if name in CLASSES else name).to_csv(),
    "class_confidence.csv": FRAME.rename(
        columns=lambda name: f"{name}_confidence" if name in CLASSES else name
    ).to_csv(),
    "deepface.json": json.dumps(
        [{"img_path": n, "emotion": r, "region": {"x": 1}} for n, r in zip(NAMES, ROWS, strict=True)]
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_table_holds_the_same_predictions(tmp_path, name):
    (tmp_path / name).write_text(FORMS[name])
    read = align(read_predictions(tmp_path / name), NAMES)
    np.testing.assert_array_equal(read.probabilities, VALUES)
    assert read.predicted.tolist() == [3, 6]


def test_parquet_holds_the_same_predictions(tmp_path):
    pytest.importorskip("pyarrow")
    FRAME.assign(picture=b"bytes", fold=pd.Categorical(["a", "b"])).to_parquet(tmp_path / "p.parquet")
    np.testing.assert_array_equal(read_predictions(tmp_path / "p.parquet").probabilities, VALUES)
    pd.DataFrame({"image": NAMES, "class": pd.Categorical(["sad", "joy"])}).to_parquet(tmp_path / "p.parquet")
    assert read_predictions(tmp_path / "p.parquet").predicted.tolist() == [5, 3]
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert "is not a readable parquet file" in refusal(tmp_path / "broken.parquet")
    # a text of 1 MB that the file holds once, and 100 rows repeat
    pd.DataFrame({"image": ["x" * 10**6] * 100, "class": "Sad"}).to_parquet(tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 10**6
    assert "unpacked too large" in refusal(tmp_path / "bomb.parquet")


def test_small_files_of_many_cells_are_refused(tmp_path):
    (tmp_path / "wide.jsonl").write_text("".join(f'{{"{name}": 1}}\n' for name in range(2000)))
    assert "2,000 columns are too many" in refusal(tmp_path / "wide.jsonl")
    (tmp_path / "short.csv").write_text(",".join(map(str, range(1000))) + "\n" + "a\n" * 20_000)
    assert "20,000 rows of 1,000 columns are too many" in refusal(tmp_path / "short.csv")


@pytest.mark.parametrize(
    "header",
    [
        "Filename,angry,disgust,fear,happy,neutral,sad,surprise",
        "img_path,emotion.angry,emotion.disgust,emotion.fear,emotion.happy,emotion.neutral,emotion.sad,emotion.surprise",
        "input,anger,disgust,fear,happiness,neutral,sadness,surprise",
        "Image Path,Anger_prob,Disgust_prob,Fear_prob,Happiness_prob,Neutral_prob,Sadness_prob,Surprise_prob",
    ],
)
def test_columns_are_known_by_the_names_of_other_tools(csv, header):
    assert read_predictions(csv(header, f"a,{ROW}")).predicted.tolist() == [3]


def test_the_best_of_some_labels_of_an_image_is_its_class(csv):
    rows = ("a,sad,0.3", "a,happy,0.6", "b,fear,0.9", "b,sad,0.1")
    read = read_predictions(csv("file_name,label,score", *rows))
    assert (read.ids, read.predicted.tolist(), read.probabilities) == (("a", "b"), [3, 2], None)


def test_a_number_beside_probabilities_is_the_place_of_the_largest(csv):
    header = "image,Sad,Happy,Angry,Disgust,Fear,Neutral,Surprise"
    rows = ("a,.7,.3,0,0,0,0,0", "b,0,0,0,0,0,0,1")
    for first in (0, 1):
        numbered = (f"{row},{place + first}" for row, place in zip(rows, (0, 6), strict=True))
        assert read_predictions(csv(f"{header},y_pred", *numbered)).predicted.tolist() == [5, 6]
    assert "'1' is a number" in refusal(csv(f"{header},y_pred", f"{rows[0]},1", f"{rows[1]},1"))


@pytest.fixture
def recorded(csv):
    return read_predictions(csv(HEADER, "x/a.png,1,0,0,0,0,0,0", "x/b.png,0,1,0,0,0,0,0", "y/a.png,0,0,1,0,0,0,0"))


def test_predictions_follow_the_order_of_the_dataset(recorded):
    aligned = align(recorded, ["y/a.png", "x/b.png", "x/a.png"])
    assert aligned.ids == ("y/a.png", "x/b.png", "x/a.png")
    assert aligned.predicted.tolist() == [2, 1, 0]
    assert aligned.probabilities.argmax(axis=1).tolist() == [2, 1, 0]


PLACES = ["angry/im0.png", "angry/im1.png", "sad/im0.png", "sad/im1.png"]


@pytest.mark.parametrize(
    "form",
    ["{}", "/content/drive/test/{}", "./{}", "C:\\faces\\test\\{}", "file:///D:/x/{}"],
)
@pytest.mark.parametrize("change", [str, str.upper, lambda path: path.replace("/", "\\")])
def test_paths_match_by_their_longest_common_end(csv, form, change):
    rows = [f"{change(form.format(path))},{answer}" for path, answer in zip(PLACES, CLASSES, strict=False)]
    assert align(read_predictions(csv("path,class", *reversed(rows))), PLACES).predicted.tolist() == [0, 1, 2, 3]


def test_a_dropped_last_batch_is_named(csv):
    names = [f"{place}.png" for place in range(70)]
    with pytest.raises(UserError, match=r"no prediction for 6 of 70 .*the last partial batch has \(70 = 2 × 32 \+ 6\)"):
        align(read_predictions(csv("image,class", *(f"{name},Sad" for name in names[:64]))), names)
    with pytest.raises(UserError, match=r"no prediction for 5 of 70 images \([^)]*\); an image without"):
        align(read_predictions(csv("image,class", *(f"{name},Sad" for name in names[5:]))), names)


LABELS = np.array([0, 0, 5, 5])


@pytest.mark.parametrize(
    ("header", "rows", "predicted"),
    [
        ("image,y_true,y_pred", "a,Angry,Fear b,anger,sad c,Sad,sad d,sadness,joy", [2, 5, 5, 3]),
        ("y_true,y_pred", "Angry,Fear anger,sad Sad,sad sadness,joy", [2, 5, 5, 3]),
        ("image,label,predicted_label", "a,3,4 b,3,3 c,4,4 d,4,", [5, 0, 5, 7]),
    ],
    ids=["names", "no file names", "numbers"],
)
def test_true_labels_prove_the_order_and_the_numbers(csv, header, rows, predicted):
    read = align(read_predictions(csv(header, *rows.split())), ["a", "b", "c", "d"], LABELS)
    assert read.predicted.tolist() == predicted


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("Angry Sad Angry Sad", r"2 of 4 images \(b: 'Sad', the dataset says Angry\): each class occurs as often"),
        ("Angry Angry Angry Sad", r"for 1 of 4 images \(c: 'Angry', the dataset says Sad\); to use"),
        ("0 1 0 1", "for 4 of 4 images"),
        ("contempt Angry Sad Sad", "a: 'contempt'"),
    ],
)
def test_true_labels_that_differ_from_the_dataset_are_named(csv, cells, words):
    rows = (f"{name},Fear,{cell}" for name, cell in zip("abcd", cells.split(), strict=True))
    with pytest.raises(UserError, match=words):
        align(read_predictions(csv("image,y_pred,y_true", *rows)), list("abcd"), LABELS)


def test_images_are_found_by_file_name_where_it_is_unique(csv):
    recorded = read_predictions(csv("image,class", "C:\\faces\\a.png,Sad", "b.png,Fear"))
    assert align(recorded, ["Fear/b.png", "Sad/a.png"]).predicted.tolist() == [2, 5]


def test_an_ambiguous_file_name_matches_nothing(recorded):
    with pytest.raises(UserError, match=r"no prediction for 1 of 3 images \(z/a.png\)"):
        align(recorded, ["z/a.png", "x/a.png", "x/b.png"])


def test_rows_that_name_no_image_are_shown_beside_the_names_of_the_images(recorded):
    with pytest.raises(UserError, match=r"none of its rows \(x/a.png, .*\) names an image of the dataset \(0, 1\)"):
        align(recorded, ["0", "1"])


def test_missing_and_unknown_images_are_both_named(recorded):
    with pytest.raises(UserError) as caught:
        align(recorded, ["x/a.png", "c.png", "d.png", "e.png", "f.png"])
    assert "no prediction for 4 of 5 images (c.png, d.png, e.png, …)" in str(caught.value)
    assert "2 of its rows match no image of the dataset (x/b.png, y/a.png): remove these rows" in str(caught.value)


def test_what_to_do_about_dictionaries_and_unnamed_columns_is_said(csv):
    """DeepFace's records in a frame hold a dictionary; numpy and pandas write probabilities under numbers."""
    records = csv("img_path;emotion;dominant_emotion", "a.png;{'angry': 90.0, 'happy': 10.0};angry")
    assert "the cells of 'emotion' are dictionaries: give each key a column" in refusal(records)
    assert "name each column of probabilities by its class" in refusal(csv("image,0,1,2,3,4,5,6", f"a.png,{ROW}"))
