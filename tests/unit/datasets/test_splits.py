"""Splits within each class, and subsets that keep the shares of the classes."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec.checks.implementation.datasets.checks import TABLE_1
from ferspec.errors import UserError
from ferspec.reference.splits import split_by_class, subset_by_class

SEED = 7


def labels_of(counts):
    """Return the labels of all images, not in the order of the classes, given the count of each."""
    return np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))


def by_class(labels, indices, classes=7):
    return np.bincount(labels[indices], minlength=classes).tolist()


def test_rafdb_is_split_into_the_images_that_the_notebooks_count():
    training, validation = split_by_class(labels_of(TABLE_1["RAF-DB"]), 70, SEED)
    assert (len(training), len(validation)) == (10_733, 4_606)


@given(counts=st.lists(st.integers(2, 40), min_size=7, max_size=7), percent=st.integers(50, 99))
def test_every_image_is_in_one_split_and_each_split_in_order(counts, percent):
    labels = labels_of(counts)
    training, validation = split_by_class(labels, percent, SEED)
    assert by_class(labels, training) == [count * percent // 100 for count in counts]
    assert sorted([*training.tolist(), *validation.tolist()]) == list(range(len(labels)))
    assert all((np.diff(split) > 0).all() for split in (training, validation))
    assert training.tolist() == split_by_class(labels, percent, SEED)[0].tolist()


@pytest.mark.parametrize("percent", [29, 57, 58])
def test_no_image_is_lost_to_floating_point(percent):
    """0.29 times 100 is a little less than 29 there, and rounds down to 28."""
    assert floor(percent / 100 * 100) == percent - 1
    assert len(split_by_class(np.zeros(100, int), percent, SEED)[0]) == percent


@pytest.mark.parametrize("percent", [0, 100, -5, 0.7, 70.5])
def test_a_share_that_splits_nothing_is_refused(percent):
    with pytest.raises(UserError, match="whole percentage from 1 to 99"):
        split_by_class(labels_of([5, 5]), percent, SEED)


def test_a_class_that_would_have_no_training_image_is_refused():
    with pytest.raises(UserError, match="class 1 has 1 image"):
        split_by_class(np.array([0, 0, 1, 0]), 70, SEED)


def test_no_images_cannot_be_split():
    with pytest.raises(UserError, match="no images"):
        split_by_class(np.array([], int), 70, SEED)


# Subsets


COUNTS = st.lists(st.integers(0, 200), min_size=1, max_size=7).filter(any)


@st.composite
def counts_and_size(draw):
    counts = draw(COUNTS)
    return counts, draw(st.integers(sum(count > 0 for count in counts), sum(counts)))


@given(asked=counts_and_size())
def test_a_subset_has_as_many_images_as_asked_for_each_once_and_in_order(asked):
    counts, n = asked
    subset = subset_by_class(labels_of(counts), n, SEED)
    assert len(subset) == n
    assert (np.diff(subset) > 0).all()
    assert 0 <= subset[0] <= subset[-1] < sum(counts)


@given(asked=counts_and_size())
def test_every_class_that_is_present_stays_present(asked):
    counts, n = asked
    labels = labels_of(counts)
    for kept, count in zip(by_class(labels, subset_by_class(labels, n, SEED), len(counts)), counts, strict=True):
        assert min(count, 1) <= kept <= count


@given(asked=counts_and_size())
def test_shares_are_kept_to_the_whole_image_where_no_class_has_to_be_rescued(asked):
    counts, n = asked
    exact = [Fraction(n * count, sum(counts)) for count in counts]
    if all(share >= 1 for share in exact if share):
        labels = labels_of(counts)
        kept = by_class(labels, subset_by_class(labels, n, SEED), len(counts))
        assert all(floor(share) <= images <= ceil(share) for share, images in zip(exact, kept, strict=True))
        up = [share % 1 for share, images in zip(exact, kept, strict=True) if images > share]
        down = [share % 1 for share, images in zip(exact, kept, strict=True) if images < share]
        assert min(up, default=1) >= max(down, default=0), "the largest remainders are rounded up"


@pytest.mark.parametrize(
    ("counts", "n", "kept"),
    [
        ((50, 30, 20), 10, [5, 3, 2]),
        ((47, 16, 37), 10, [5, 1, 4]),
        ((10, 10, 10), 4, [2, 1, 1]),
        ((97, 2, 1), 10, [8, 1, 1]),
        ((98, 0, 2), 3, [2, 0, 1]),
        ((5, 5, 5), 3, [1, 1, 1]),
        ((5, 4, 3), 12, [5, 4, 3]),
        (TABLE_1["RAF-DB"], 700, [40, 40, 16, 272, 146, 112, 74]),
    ],
    ids=[
        "whole shares",
        "the largest remainders",
        "among equals the lower class",
        "two rare classes kept",
        "an absent class stays absent",
        "one of each",
        "all",
        "RAF-DB",
    ],
)
def test_images_are_allotted_by_largest_remainder(counts, n, kept):
    """Worked out by hand: floors of the shares, then one more for the largest fractions."""
    labels = labels_of(counts)
    assert by_class(labels, subset_by_class(labels, n, SEED), len(counts)) == kept


def test_a_subset_follows_its_seed():
    labels = labels_of(TABLE_1["RAF-DB"])
    assert subset_by_class(labels, 700, 1).tolist() == subset_by_class(labels, 700, 1).tolist()
    assert subset_by_class(labels, 700, 1).tolist() != subset_by_class(labels, 700, 2).tolist()


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (11, "a subset of 11 images was requested, but there are only 10"),
        (1, "a subset of 1 images cannot contain all 2 classes"),
        (0, "0 images"),
    ],
    ids=["more than there are", "fewer than classes", "none"],
)
def test_an_impossible_subset_is_refused(n, message):
    with pytest.raises(UserError, match=message):
        subset_by_class(labels_of([6, 4]), n, SEED)
