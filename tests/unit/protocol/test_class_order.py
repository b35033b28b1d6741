"""FER-C: the seven classes, their order, their names, and the integer labels of each dataset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec import spec
from ferspec.errors import UserError

SPEC = spec.load()

# Figs. 11 and 13 of the paper: the column "Class index".
PAPER = {"Angry": 0, "Disgust": 1, "Fear": 2, "Happy": 3, "Neutral": 4, "Sad": 5, "Surprise": 6}

# The label lists that come with each dataset, in the words they use.
DATASETS = {
    "FER2013": {0: "angry", 1: "disgust", 2: "fear", 3: "happy", 4: "sad", 5: "surprise", 6: "neutral"},
    "RAF-DB": {1: "surprise", 2: "fear", 3: "disgust", 4: "happiness", 5: "sadness", 6: "anger", 7: "neutral"},
    "AffectNet": {0: "neutral", 1: "happy", 2: "sad", 3: "surprise", 4: "fear", 5: "disgust", 6: "anger"},
}

OTHER_NAMES = {
    "Angry": ["anger", "ANGRY", "angered"],
    "Disgust": ["disgusted", "Disgust "],
    "Fear": ["fearful", "afraid", "scared"],
    "Happy": ["happiness", "Happiness", "joy"],
    "Neutral": ["neutral", "neutral_expression", "Neutral-Expression"],
    "Sad": ["sadness", " sad"],
    "Surprise": ["surprised", "SURPRISE"],
}
ALL_NAMES = [(name, canonical) for canonical, names in OTHER_NAMES.items() for name in names]


def assert_protocol_order(classes: tuple[str, ...]) -> None:
    assert {name: index for index, name in enumerate(classes)} == PAPER


def assert_published_integers(order: spec.LabelOrder, published: dict[int, str]) -> None:
    assert order.first == min(published)
    for integer, word in published.items():
        assert SPEC.class_index(order.class_of(integer)) == SPEC.class_index(word), (integer, word)


def test_the_classes_have_the_indices_of_the_paper():
    assert_protocol_order(SPEC.classes)
    assert list(SPEC.classes) == sorted(SPEC.classes)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_order_of_a_dataset_is_not_the_protocol_s(dataset):
    with pytest.raises(AssertionError):
        assert_protocol_order(SPEC.label_orders[dataset].classes)


@pytest.mark.parametrize("canonical", PAPER)
def test_a_class_is_known_by_its_own_name(canonical):
    assert SPEC.class_index(canonical) == PAPER[canonical]


@pytest.mark.parametrize(("name", "canonical"), ALL_NAMES)
def test_a_class_is_known_by_its_other_names(name, canonical):
    assert SPEC.class_index(name) == PAPER[canonical]


@given(st.sampled_from(ALL_NAMES), st.data())
def test_case_spaces_underscores_and_hyphens_do_not_matter(known, data):
    name, canonical = known
    marks = st.text(" _-", max_size=2)
    written = "".join(
        data.draw(marks) + (letter.upper() if data.draw(st.booleans()) else letter.lower()) for letter in name
    )
    assert SPEC.class_index(written + data.draw(marks)) == PAPER[canonical]


@pytest.mark.parametrize("name", ["Contempt", "contempt", "contemptuous"])
def test_contempt_is_known_as_none_of_the_seven(name):
    with pytest.raises(UserError, match="not one of the seven"):
        SPEC.class_index(name)


@pytest.mark.parametrize(("name", "nearest"), [("hapy", "Happy"), ("suprise", "Surprise"), ("neutrl", "Neutral")])
def test_a_misspelt_class_is_refused_with_the_nearest_name(name, nearest):
    with pytest.raises(UserError, match=f"unknown class '{name}': did you mean {nearest}"):
        SPEC.class_index(name)


@pytest.mark.parametrize("name", ["", "7", "zebra", "contentment of mind"])
def test_any_other_word_is_refused_with_the_seven(name):
    with pytest.raises(UserError, match="Angry, Disgust, Fear, Happy, Neutral, Sad, Surprise"):
        SPEC.class_index(name)


@pytest.mark.parametrize("dataset", DATASETS)
def test_integer_labels_mean_what_the_dataset_says(dataset):
    assert_published_integers(SPEC.label_orders[dataset], DATASETS[dataset])


@pytest.mark.parametrize(("dataset", "other"), [(a, b) for a in DATASETS for b in DATASETS if a != b])
def test_integer_labels_read_in_the_order_of_another_dataset_are_noticed(dataset, other):
    with pytest.raises((AssertionError, UserError)):
        assert_published_integers(SPEC.label_orders[other], DATASETS[dataset])


def test_affectnet_s_last_label_is_contempt():
    order = SPEC.label_orders["AffectNet"]
    with pytest.raises(UserError, match="not one of the seven"):
        SPEC.class_index(order.class_of(7))


@pytest.mark.parametrize(
    ("dataset", "label"), [("FER2013", -1), ("FER2013", 7), ("RAF-DB", 0), ("RAF-DB", 8), ("AffectNet", 8)]
)
def test_a_label_the_dataset_does_not_have_is_refused(dataset, label):
    with pytest.raises(UserError, match=f"label {label} is out of range"):
        SPEC.label_orders[dataset].class_of(label)
