"""Numbered classes are read in the order that counts prove, else a declared one, else the only common one."""

import json

import pytest

from ferspec import spec
from ferspec.subjects.datasets.readers import open_splits, read_published
from ferspec.subjects.datasets.readers.orders import decide_order
from helpers.layouts import AFFECTNET, CLASSES, FER2013, class_folders
from helpers.messages import refusal

ALPHABETICAL = {name: number for number, name in enumerate(CLASSES)}
WITH_CONTEMPT = {**{name: number + (number > 0) for name, number in ALPHABETICAL.items()}, "Contempt": 1}
AFFECTNET_8 = {**AFFECTNET, "Contempt": 7}
TABLE_1 = {name: dict(zip(CLASSES, known.counts, strict=True)) for name, known in spec.load().datasets.items()}


def folders(root, order, parts=("train", "val")):
    """Write an image for each number, whose name is the class that it means."""
    class_folders(root, {f"{part}/{number}": 1 for part in parts for number in order.values()})
    for name, number in order.items():
        for part in parts:
            (root / part / str(number) / "000.png").rename(root / part / str(number) / f"{name}.png")
    return root


def meant(listing):
    """Return whether every image has the label that its name says."""
    return all(CLASSES[label] in id for id, label in zip(listing.ids, listing.labels, strict=True))


@pytest.mark.parametrize(
    ("dataset", "order", "first", "second"),
    [
        (
            "AffectNet",
            WITH_CONTEMPT,
            "AffectNet's own (0 Neutral, 1 Happy",
            "alphabetical, with Contempt (0 Angry, 1 Contempt",
        ),
        ("AffectNet", AFFECTNET, "AffectNet's own (0 Neutral", "alphabetical, as in the protocol (0 Angry, 1 Disgust"),
        ("FER2013", FER2013, "alphabetical, as in the protocol (0 Angry", "FER2013's own (0 Angry"),
        ("RAF-DB", ALPHABETICAL, "alphabetical, as in the protocol", "RAF-DB's own, from 0 (0 Surprise"),
    ],
)
def test_numbers_with_two_common_meanings_are_refused_with_the_candidates(tmp_path, dataset, order, first, second):
    said = refusal(read_published, dataset, folders(tmp_path / "set", order))
    assert "has several common meanings" in said
    assert first in said
    assert second in said
    assert "classes.txt" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("classes.txt", "\n".join(f"{number} {name}" for name, number in WITH_CONTEMPT.items())),
        ("labels.txt", "\n".join(f"{name}: {number}" for name, number in WITH_CONTEMPT.items())),
        ("classes.txt", "\n".join(sorted(WITH_CONTEMPT))),
        ("class_indices.json", json.dumps({name.lower(): number for name, number in WITH_CONTEMPT.items()})),
        ("classes.json", json.dumps({str(number): name for name, number in WITH_CONTEMPT.items()})),
        ("data.yaml", f"nc: 8\nnames: [{', '.join(sorted(WITH_CONTEMPT))}]\n"),
    ],
)
def test_a_declared_order_is_taken_and_named(tmp_path, name, content):
    folders(tmp_path / "set", WITH_CONTEMPT)
    (tmp_path / "set" / name).write_text(content)
    found = read_published("AffectNet", tmp_path / "set")
    assert len(found.training) == 7
    assert meant(found.whole())
    assert found.training.order.reason == "declared"
    assert any(f"{name}: 0 angry, 1 contempt, 2 disgust" in note.lower() for note in found.training.notes)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("0 Angry\n1 Hapy", "unknown class 'Hapy'"),
        ("0 Angry\n1 Sad", "does not name the class of 2, 3"),
        ("x 1 y", "is not a number and a class"),
    ],
)
def test_a_mistake_in_a_declared_order_is_named(tmp_path, content, says):
    class_folders(tmp_path, {f"{number}": 1 for number in range(4)})
    (tmp_path / "classes.txt").write_text(content)
    said = refusal(open_splits, tmp_path)
    assert "classes.txt" in said
    assert says in said


@pytest.mark.parametrize("dataset", [None, "FER2013"])
@pytest.mark.parametrize(
    ("order", "name"), [(FER2013, "FER2013's own"), (ALPHABETICAL, "alphabetical, as in the protocol")]
)
def test_counts_of_table_1_prove_an_order(tmp_path, dataset, order, name):
    counts = {number: TABLE_1["FER2013"][label] for label, number in order.items()}
    found, choice = decide_order(tmp_path, counts, dataset)
    assert {found.class_of(number): number for number in counts} == order
    assert choice.taken.startswith(f"{name}: 0 Angry")
    assert choice.reason == "the counts are those of FER2013 in Table 1"
    training = dict(zip(CLASSES, spec.load().datasets["FER2013"].training, strict=True))
    assert decide_order(tmp_path, {order[label]: count for label, count in training.items()}, dataset)[0] == found


def test_nearly_the_counts_and_balanced_ones_prove_nothing(tmp_path):
    counts = {number: TABLE_1["FER2013"][label] for label, number in FER2013.items()} | {0: 4952}
    assert "has several common meanings" in refusal(decide_order, tmp_path, counts)
    said = refusal(decide_order, tmp_path, dict.fromkeys(range(7), 300))
    assert "has several common meanings" in said
    assert said.count("(0 Angry, 1 Disgust, 2 Fear, 3 Happy, 4 Sad, 5 Surprise, 6 Neutral)") == 1


def test_the_only_common_order_is_taken(tmp_path):
    counts = dict.fromkeys(range(1, 8), 5)
    found, choice = decide_order(tmp_path, counts, "RAF-DB")
    assert found.classes[0] == "Surprise"
    assert choice.reason == "the only common order of 1 to 7 for RAF-DB"
    assert "CK+'s own, without Neutral" in refusal(decide_order, tmp_path, counts)
    assert "in no known order" in refusal(decide_order, tmp_path, {11: 1, 12: 1})


def test_a_folder_that_is_named_for_its_dataset_declares_it(tmp_path):
    root = class_folders(tmp_path / "raf_db", {f"test/{number}": 1 for number in range(1, 8)})
    assert open_splits(root).chosen().order.taken.startswith("RAF-DB's own: 1 Surprise")


def test_numbers_above_class_folders_are_not_classes(tmp_path):
    root = class_folders(tmp_path, {f"{person:02}/{name}": 1 for person in range(2) for name in CLASSES})
    assert len(open_splits(root).chosen()) == 14
