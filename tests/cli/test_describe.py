"""``ferspec dataset describe``: distributions and weights of any dataset, without decoding an image."""

import csv
import json
from xml.etree import ElementTree

import pytest

import ferspec as public
from helpers.html_pages import HOSTILE, Page
from helpers.layouts import CLASSES, RAFDB, class_folders, fer2013_csv, save

# Table 1 of the paper
COUNTS = dict(zip(CLASSES, (867, 877, 355, 5957, 3204, 2460, 1619), strict=True))


@pytest.fixture(scope="module")
def rafdb(tmp_path_factory):
    """RAF-DB's own list with the counts of Table 1, and one picture: they are not needed to count them."""
    root = tmp_path_factory.mktemp("RAF-DB")
    labels = [label for label, count in COUNTS.items() for _ in range(count)]
    names = (f"{'train' if number % 5 else 'test'}_{number:05d}.jpg" for number in range(len(labels)))
    save(root / "aligned" / "train_00001_aligned.jpg")
    rows = (f"{name} {RAFDB[label]}" for name, label in zip(names, labels, strict=True))
    (root / "list_patition_label.txt").write_text("\n".join(rows) + "\n")
    return root


def test_the_weights_of_rafdb_are_those_of_figures_11_and_13(rafdb, reference):
    found = public.dataset.describe(rafdb)
    with open(reference / "tables" / "class_weights_rafdb.csv", newline="") as table:
        printed = [(row["class"], row["simple_fig11"], row["conservative_fig13"]) for row in csv.DictReader(table)]
    computed = [(one.name, f"{one.simple.weight:.2f}", f"{one.conservative.weight:.2f}") for one in found.classes]
    assert computed == printed
    assert (found.known, found.weighted) == ("RAF-DB", "70 % of each class")
    assert sum(one.images for one in found.classes) == 10_733


def test_after_simple_weighting_all_classes_are_as_large_as_the_largest(rafdb):
    found = public.dataset.describe(rafdb)
    assert {round(one.simple.images, 6) for one in found.classes} == {4169}
    capped = {one.name: one.conservative.images for one in found.classes if one.conservative.weight == 3}
    assert capped == {"Angry": 3 * 606, "Disgust": 3 * 613, "Fear": 3 * 248, "Surprise": 3 * 1133}


def test_weights_are_of_the_training_split_where_there_is_one(tmp_path):
    rows = [(label, "Training") for label in (*CLASSES, "Happy")] + [(label, "PublicTest") for label in CLASSES]
    found = public.dataset.describe(fer2013_csv(tmp_path / "fer2013.csv", rows))
    assert (found.weighted, found.total) == ("Training", 15)
    assert [one.simple.weight for one in found.classes] == [2, 2, 2, 1, 2, 2, 2]
    assert {part.name: (part.role, part.total) for part in found.parts} == {
        "Training": ("training", 8),
        "PublicTest": ("validation", 7),
    }


def test_a_dataset_without_a_class_has_no_weights_and_says_so(ferspec, tmp_path):
    class_folders(tmp_path, {"Happy": 3, "Sad": 1})
    status, out, _ = ferspec("dataset", "describe", tmp_path, "--json")
    found = json.loads(out)
    assert (status, {one["simple"] for one in found["classes"]}) == (0, {None})
    assert found["notes"] == [
        "no class weights: there are no images of Angry, Disgust, Fear, Neutral, Surprise to train on"
    ]
    assert "no class weights" in ferspec("dataset", "describe", tmp_path)[1]


def test_the_terminal_shows_each_class_with_its_weights(ferspec, rafdb):
    status, out, _ = ferspec("dataset", "describe", rafdb)
    assert status == 0
    (fear,) = [line.split() for line in out.splitlines() if line.startswith("Fear")]
    assert (fear[-2:], "248" in fear) == (["16.81", "3.00"], True)
    assert "the counts of RAF-DB" in out
    assert not any(len(line) > 80 for line in out.splitlines())


def test_page_picture_table_and_document_are_written_and_agree(ferspec, rafdb, tmp_path):
    status, out, _ = ferspec("dataset", "describe", rafdb, "--out", tmp_path / "out", "--json")
    assert status == 0
    written = {path.suffix: path.read_text("utf-8") for path in (tmp_path / "out").iterdir()}
    assert sorted(written) == [".csv", ".html", ".json", ".svg"]
    assert written[".json"] == out
    rows = list(csv.DictReader(written[".csv"].splitlines()))
    fear = next(row for row in rows if row["class"] == "Fear")
    assert (fear["to_train_on"], fear["conservative_images"]) == ("248", "744.0")
    titles = {title.text for title in ElementTree.fromstring(written[".svg"]).iter("{http://www.w3.org/2000/svg}title")}
    assert {"Fear: × 16.81 = 4,169", "Fear: × 3.00 = 744", "Fear: 248"} <= titles
    assert "16.81" in Page(written[".html"]).text("table")


def test_the_longest_bar_is_the_largest_class(rafdb):
    from ferspec.report.description.drawing import LONGEST, panels

    distribution, simple, conservative = panels(public.dataset.describe(rafdb))
    lengths = {name: [bar.width for bar in bars] for name, _, bars in distribution.rows}
    assert lengths["Happy"][0] == LONGEST
    assert lengths["Fear"][0] == pytest.approx(LONGEST * 248 / 4169, abs=0.01)
    assert {bars[1].width for _, _, bars in simple.rows} == {LONGEST}
    assert [bars[1].width for name, _, bars in conservative.rows if name == "Fear"] == [round(LONGEST * 744 / 4169, 2)]


@pytest.mark.hostile("text for pages")
@pytest.mark.parametrize("name", [text for text in HOSTILE.values() if "/" not in text and len(text) < 200])
def test_a_hostile_name_of_a_dataset_is_text_on_the_page(tmp_path, name):
    found = public.dataset.describe(class_folders(tmp_path / name, dict.fromkeys(CLASSES, 1)))
    page = Page(found.page())
    assert page.all("script") == []
    assert not [attributes for _, attributes, _ in page.elements if "onerror" in attributes]
    ElementTree.fromstring(found.svg())


def test_a_folder_without_images_is_one_line(ferspec, tmp_path):
    status, out, err = ferspec("dataset", "describe", tmp_path, "--out", tmp_path / "out")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "out").exists()
