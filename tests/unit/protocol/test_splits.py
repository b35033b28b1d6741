"""FER-D-02: RAF-DB is split 70 to 30 within each class, rounding down; and smaller sets keep the shares of the classes.

The requirements on a split are functions of it, so that the same assertions reject splits that are wrong.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.splits import split_by_class, subset_by_class
from ferspec.reference.weighting import simple_weights

RAFDB = spec.load().datasets["RAF-DB"]
# Table 1: angry, disgust, fear, happy, neutral, sad, surprise
TABLE_1 = (867, 877, 355, 5957, 3204, 2460, 1619)
FIG_11 = (6.88, 6.80, 16.81, 1.00, 1.86, 2.42, 3.68)
PRINTED = 0.005 + 1e-9  # half of the last printed digit
TRAINING_IMAGES, VALIDATION_IMAGES = 10_733, 4_606  # as the notebooks count them
PERCENT, SEED = 70, 7

Split = Callable[[np.ndarray, int, int], tuple[np.ndarray, np.ndarray]]


def labels_of(counts: Sequence[int]) -> np.ndarray:
    """The labels of so many images of each class, in an order that is not by class."""
    return np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))


def by_class(labels: np.ndarray, indices: np.ndarray, classes: int = 7) -> list[int]:
    return np.bincount(labels[indices], minlength=classes).tolist()


def rounded(rounding: Callable[[float], int]) -> Split:
    """A split within each class that rounds otherwise."""

    def split(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        members = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
        training = np.sort(np.concatenate([own[: rounding(len(own) * percent / 100)] for own in members]))
        return training, np.setdiff1d(np.arange(len(labels)), training)

    return split


def over_all_classes(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(len(labels))
    return np.sort(order[: len(labels) * percent // 100]), np.sort(order[len(labels) * percent // 100 :])


def exchanged(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return split_by_class(labels, percent, seed)[::-1]


def of_other_shares(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return split_by_class(labels, 80, seed)


def overlapping(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    training, _ = split_by_class(labels, percent, seed)
    return training, split_by_class(labels, 100 - percent, seed)[0]


def losing_an_image(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    training, validation = split_by_class(labels, percent, seed)
    return training, validation[:-1]


def without_seed(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return split_by_class(labels, percent, np.random.SeedSequence().entropy % 2**32)


def in_order_of_the_files(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return split_by_class(labels, percent, 0)


def shuffled(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.random.default_rng(seed).permutation(part) for part in split_by_class(labels, percent, seed))


def the_counts_of_the_runs(split: Split, labels: np.ndarray) -> None:
    training, validation = split(labels, PERCENT, SEED)
    assert (len(training), len(validation)) == (TRAINING_IMAGES, VALIDATION_IMAGES)


def the_weights_of_fig_11(split: Split, labels: np.ndarray) -> None:
    training, _ = split(labels, PERCENT, SEED)
    np.testing.assert_allclose(simple_weights(by_class(labels, training)), FIG_11, rtol=0, atol=PRINTED)


def each_class_is_split_and_rounded_down(split: Split, labels: np.ndarray) -> None:
    training, _ = split(labels, PERCENT, SEED)
    whole = by_class(labels, np.arange(len(labels)))
    assert by_class(labels, training) == [math.floor(Fraction(PERCENT, 100) * count) for count in whole]


def every_image_is_in_exactly_one_part(split: Split, labels: np.ndarray) -> None:
    training, validation = split(labels, PERCENT, SEED)
    assert sorted([*training.tolist(), *validation.tolist()]) == list(range(len(labels)))


def parts_are_in_order(split: Split, labels: np.ndarray) -> None:
    for part in split(labels, PERCENT, SEED):
        assert (np.diff(part) > 0).all()


def the_same_seed_gives_the_same_split(split: Split, labels: np.ndarray) -> None:
    for one, other in zip(split(labels, PERCENT, SEED), split(labels, PERCENT, SEED), strict=True):
        np.testing.assert_array_equal(one, other)


def another_seed_gives_another_split(split: Split, labels: np.ndarray) -> None:
    assert split(labels, PERCENT, SEED)[0].tolist() != split(labels, PERCENT, SEED + 1)[0].tolist()


OF_ANY_LABELS = [
    each_class_is_split_and_rounded_down,
    every_image_is_in_exactly_one_part,
    parts_are_in_order,
    the_same_seed_gives_the_same_split,
]
REQUIREMENTS = [the_counts_of_the_runs, the_weights_of_fig_11, *OF_ANY_LABELS, another_seed_gives_another_split]
LABELS = st.lists(st.integers(2, 40), min_size=7, max_size=7).map(labels_of)


def test_table_1_is_what_is_split():
    assert RAFDB.counts == TABLE_1
    assert RAFDB.training_percent == PERCENT


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda function: function.__name__)
def test_of_raf_db(requirement):
    requirement(split_by_class, labels_of(TABLE_1))


@pytest.mark.parametrize("requirement", OF_ANY_LABELS, ids=lambda function: function.__name__)
@given(labels=LABELS)
def test_of_any_labels(requirement, labels):
    requirement(split_by_class, labels)


@pytest.mark.parametrize(
    ("wrong", "requirement"),
    [
        (rounded(round), the_counts_of_the_runs),
        (rounded(round), the_weights_of_fig_11),
        (rounded(math.ceil), the_counts_of_the_runs),
        (rounded(math.ceil), the_weights_of_fig_11),
        (over_all_classes, the_weights_of_fig_11),
        (over_all_classes, each_class_is_split_and_rounded_down),
        (exchanged, the_counts_of_the_runs),
        (of_other_shares, the_counts_of_the_runs),
        (of_other_shares, each_class_is_split_and_rounded_down),
        (overlapping, every_image_is_in_exactly_one_part),
        (losing_an_image, every_image_is_in_exactly_one_part),
        (without_seed, the_same_seed_gives_the_same_split),
        (in_order_of_the_files, another_seed_gives_another_split),
        (shuffled, parts_are_in_order),
    ],
    ids=[
        *["rounded to the nearest"] * 2,
        *["rounded up"] * 2,
        *["over all classes at once"] * 2,
        "parts exchanged",
        *["80 percent"] * 2,
        "overlapping parts",
        "an image lost",
        "not seeded",
        "always the same",
        "shuffled parts",
    ],
)
def test_a_wrong_split_is_rejected(wrong, requirement):
    with pytest.raises(AssertionError):
        requirement(wrong, labels_of(TABLE_1))


@pytest.mark.parametrize("percent", [29, 57, 58])
def test_no_image_is_lost_to_floating_point(percent):
    """0.29 times 100 is a little less than 29 there, and rounds down to 28."""
    assert math.floor(percent / 100 * 100) == percent - 1
    assert len(split_by_class(np.zeros(100, int), percent, SEED)[0]) == percent


@pytest.mark.parametrize("percent", [0, 100, -5, 0.7, 70.5])
def test_a_share_that_splits_nothing_is_refused(percent):
    with pytest.raises(UserError, match="whole percentage from 1 to 99"):
        split_by_class(labels_of([5, 5]), percent, SEED)


def test_a_class_that_would_have_no_training_image_is_refused():
    with pytest.raises(UserError, match="class 1 has 1 image"):
        split_by_class(np.array([0, 0, 1, 0]), PERCENT, SEED)


def test_no_images_cannot_be_split():
    with pytest.raises(UserError, match="no images"):
        split_by_class(np.array([], int), PERCENT, SEED)


# Subsets


COUNTS = st.lists(st.integers(0, 200), min_size=1, max_size=7).filter(any)


@st.composite
def counts_and_size(draw) -> tuple[list[int], int]:
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
        assert all(math.floor(share) <= images <= math.ceil(share) for share, images in zip(exact, kept, strict=True))
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
        (TABLE_1, 700, [40, 40, 16, 272, 146, 112, 74]),
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
    labels = labels_of(TABLE_1)
    assert subset_by_class(labels, 700, 1).tolist() == subset_by_class(labels, 700, 1).tolist()
    assert subset_by_class(labels, 700, 1).tolist() != subset_by_class(labels, 700, 2).tolist()


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (11, "11 images was requested, but there are only 10"),
        (1, "cannot contain all 2 classes: give at least 2"),
        (0, "0 images"),
    ],
    ids=["more than there are", "fewer than classes", "none"],
)
def test_a_subset_that_cannot_be_is_refused(n, message):
    with pytest.raises(UserError, match=message):
        subset_by_class(labels_of([6, 4]), n, SEED)
