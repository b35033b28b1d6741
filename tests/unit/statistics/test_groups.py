"""A groups CSV gives every image one value per column, however its images are named."""

import numpy as np
import pytest
from PIL import Image

from ferspec.errors import UserError
from ferspec.subjects.datasets.groups import is_note_on_groups, read_groups
from ferspec.subjects.datasets.subject import open_dataset

IDS = ("Happy/1.png", "Happy/2.png", "Sad/1.png")


def groups_file(tmp_path, *lines):
    (tmp_path / "groups.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "groups.csv"


@pytest.mark.parametrize("column", ["image", "path", "filename", "file", "file_name", "id", "Image"])
@pytest.mark.parametrize("prefix", ["", "BTFER/", "./archive/BTFER/", "C:\\faces\\"])
def test_values_come_in_the_order_of_the_images(tmp_path, column, prefix):
    rows = [f"{prefix}{name},{age},{gender}" for name, age, gender in zip(IDS, "yom", "fmf", strict=True)]
    path = groups_file(tmp_path, f"{column},age,gender", *reversed(rows))
    assert read_groups(path, IDS)[0] == {"age": ("y", "o", "m"), "gender": ("f", "m", "f")}


def test_a_unique_file_name_identifies_an_image(tmp_path):
    path = groups_file(tmp_path, "age,image", "y,Sad/1.png", "o,2.png", "m,Happy/1.png")
    assert read_groups(path, IDS)[0] == {"age": ("m", "o", "y")}


def test_indices_name_the_images_of_an_array(tmp_path):
    assert read_groups(groups_file(tmp_path, "id,age", "1,o", "0,y"), ("0", "1"))[0] == {"age": ("y", "o")}


def test_an_empty_cell_is_unknown(tmp_path):
    assert read_groups(groups_file(tmp_path, "image,age", "a.png,", "b.png, old "), ("a.png", "b.png"))[0] == {
        "age": ("unknown", "old")
    }


def test_a_column_of_labels_is_not_a_group(tmp_path):
    rows = [f"{name},{name.split('/')[0]},{number},y" for number, name in enumerate(IDS)]
    columns, notes = read_groups(groups_file(tmp_path, "image,label,class,age", *rows), IDS)
    assert columns == {"age": ("y", "y", "y")}
    assert notes == tuple(
        f"groups.csv: the column of labels is not taken as a group: {name}" for name in ("label", "class")
    )
    assert all(map(is_note_on_groups, notes))


def test_a_column_that_is_named_like_labels_and_holds_others_is_a_group(tmp_path):
    path = groups_file(tmp_path, "image,category", *(f"{name},indoor" for name in IDS))
    assert read_groups(path, IDS)[0] == {"category": ("indoor",) * 3}


ALL = [f"{name},y" for name in IDS]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["image,label", *(f"{name},Happy" for name in IDS)], "there are only labels (label)"),
        (["image,age", *ALL[:1]], "2 of 3 images have no row: Happy/2.png, Sad/1.png"),
        (["image,age", "1.png,y", *ALL], "line 2: 1.png matches 2 images: write its folder too"),
        (["image,age", *ALL, "Sad/1.png,o"], "line 5: Sad/1.png already has a row in line 4"),
        (["image,age", *ALL, "Sad/3.png"], "line 5: 1 cells for 2 columns"),
        (
            ["age,gender", "y,f"],
            "no column names the image: one of image, path, filename, file, file_name, id",
        ),
        (["image", *IDS], "'image' is the only column"),
        (["image,age,age", "a,b,c"], "columns must have different, non-empty names"),
        ([""], "no column names the image"),
    ],
)
def test_a_mistake_in_the_groups_is_one_clear_line(tmp_path, lines, says):
    with pytest.raises(UserError) as refusal:
        read_groups(groups_file(tmp_path, *lines), IDS)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot read .*groups.csv: No such file"), (b"\xff\xfeimage", "is not text in UTF-8")]
)
def test_groups_that_cannot_be_read_are_one_clear_line(tmp_path, content, says):
    if content is not None:
        (tmp_path / "groups.csv").write_bytes(content)
    with pytest.raises(UserError, match=says):
        read_groups(tmp_path / "groups.csv", IDS)


def test_a_file_of_the_same_name_in_another_folder_is_another_image(tmp_path):
    with pytest.raises(UserError, match=r"1 of 3 images have no row: Sad/1\.png"):
        read_groups(groups_file(tmp_path, "image,age", *ALL[:2], "Fear/1.png,y"), IDS)


def test_a_dataset_with_groups_keeps_its_images_and_notes_rows_of_no_image(tmp_path):
    for index, name in enumerate(IDS):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), index, np.uint8)).save(tmp_path / "set" / name)
    dataset = open_dataset(tmp_path / "set")
    joined = dataset.with_groups(groups_file(tmp_path, "image,age", *ALL, "Sad/9.png,o"))
    assert dataset.groups == {}
    assert joined.groups == {"age": ("y", "y", "y")}
    assert joined.manifest() == dataset.manifest()
    assert set(joined.notes) - set(dataset.notes) == {"rows of groups.csv without an image: 1 (Sad/9.png)"}
