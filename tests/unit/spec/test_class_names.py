"""Refusals of class names and labels; FER-C checks the accepted ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec import spec
from ferspec.checks.implementation.classes import NAMES, SEVEN
from ferspec.errors import UserError

SPEC = spec.load()
WORDS = [(word, name) for name, words in NAMES.items() for word in (name, *words)]


@given(st.sampled_from(WORDS), st.data())
def test_case_spaces_underscores_and_hyphens_do_not_matter(known, data):
    word, name = known
    marks = st.text(" _-", max_size=2)
    written = "".join(
        data.draw(marks) + (letter.upper() if data.draw(st.booleans()) else letter.lower()) for letter in word
    )
    assert SPEC.class_index(written + data.draw(marks)) == SEVEN.index(name)


@pytest.mark.parametrize("name", ["Contempt", "contempt", "contemptuous"])
def test_contempt_is_recognised_and_has_no_class(name):
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


@pytest.mark.parametrize(
    ("dataset", "label"), [("FER2013", -1), ("FER2013", 7), ("RAF-DB", 0), ("RAF-DB", 8), ("AffectNet", 8)]
)
def test_a_label_the_dataset_does_not_have_is_refused(dataset, label):
    with pytest.raises(UserError, match=f"label {label} is out of range"):
        SPEC.label_orders[dataset].class_of(label)
