"""Reading recorded predictions from CSV, or refusing them with the wrong line."""

from functools import partial

import numpy as np
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
@pytest.mark.parametrize("image", ["image", "id", "path", "filename"])
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
        pytest.param(["image;class", "a;Sad"], "separated by commas", id="semicolons"),
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


def test_only_csv_names_are_predictions():
    assert is_predictions_file("run/Predictions.CSV")
    assert not is_predictions_file("model.onnx")


@pytest.fixture
def recorded(csv):
    return read_predictions(csv(HEADER, "x/a.png,1,0,0,0,0,0,0", "x/b.png,0,1,0,0,0,0,0", "y/a.png,0,0,1,0,0,0,0"))


def test_predictions_follow_the_order_of_the_dataset(recorded):
    aligned = align(recorded, ["y/a.png", "x/b.png", "x/a.png"])
    assert aligned.ids == ("y/a.png", "x/b.png", "x/a.png")
    assert aligned.predicted.tolist() == [2, 1, 0]
    assert aligned.probabilities.argmax(axis=1).tolist() == [2, 1, 0]


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
    assert "2 of its rows match no image of the dataset (x/b.png, y/a.png)" in str(caught.value)
