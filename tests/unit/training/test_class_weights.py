"""The class weights of the datasets, and counts without weights; FER-W checks the rule."""

import math

import numpy as np
import pytest

from ferspec import spec
from ferspec.checks.implementation.weighting.checks import HALF_A_DIGIT, PRINTED, RAFDB
from ferspec.reference.weighting import WEIGHTINGS, conservative_weights, simple_weights

SPEC = spec.load()


@pytest.mark.parametrize(
    ("dataset", "capped"),
    [("AffectNet", []), ("FER2013", ["Disgust"]), ("RAF-DB", ["Angry", "Disgust", "Fear", "Surprise"])],
)
def test_the_cap_changes_the_weights_of_the_rare_classes_alone(dataset, capped):
    known = SPEC.datasets[dataset]
    counts = known.training_counts or known.counts
    changed = simple_weights(counts) != conservative_weights(counts)
    assert [name for name, differs in zip(SPEC.classes, changed, strict=True) if differs] == capped


@pytest.mark.parametrize("count", [1, 2, 10])
def test_there_may_be_any_number_of_classes(count):
    counts = np.arange(1, count + 1)
    assert simple_weights(counts).tolist() == (count / counts).tolist()


@pytest.mark.parametrize(
    "counts",
    [[], [0, 5], [3, -1], [[1, 2], [3, 4]], [float("nan"), 1], [float("inf"), 1]],
    ids=["no class", "a class without images", "a negative count", "a matrix", "not a number", "infinite"],
)
@pytest.mark.parametrize("balancing", WEIGHTINGS)
def test_counts_that_have_no_weights_are_refused(balancing, counts):
    with pytest.raises(ValueError, match="class weights need"):
        WEIGHTINGS[balancing](counts)


def test_only_70_percent_rounded_down_gives_the_weights_and_the_count_of_the_runs():
    """FER-D-02: of all splits by a whole percentage that give the weights of Fig. 11."""
    whole = SPEC.datasets["RAF-DB"].counts
    splits = {
        (percent, rounding.__name__): [rounding(count * percent / 100) for count in whole]
        for percent in range(1, 100)
        for rounding in (math.floor, round, math.ceil)
    }
    images = {
        split: sum(counts)
        for split, counts in splits.items()
        if min(counts) and np.allclose(simple_weights(counts), PRINTED["simple"], rtol=0, atol=HALF_A_DIGIT)
    }
    assert {rounding for _, rounding in images} == {"floor"}
    assert [split for split, count in images.items() if count == sum(RAFDB)] == [(70, "floor")]
