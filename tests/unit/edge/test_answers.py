"""The decision about a converted model: not inferior, inferior, or undecided with the images that would decide."""

import numpy as np
import pytest

from compare_table import AS_GOOD, share_of
from ferspec.edge.measurement.answers import compared, reversed_change
from ferspec.errors import UserError
from ferspec.reference.measured import Metric

CLASSES = 7


def answers(n, wrong, max_drop=0.01):
    """Compare an original that is right on all of n images with a file that is wrong on some."""
    labels = np.arange(n) % CLASSES
    converted = labels.copy()
    converted[:wrong] = (labels[:wrong] + 1) % CLASSES
    return compared(labels, labels, converted, max_drop)


def test_a_file_with_the_same_answers_is_not_inferior_on_301_images_and_undecided_on_fewer():
    # 0.99 ** 301 is the first power below 5 % less the 0.1 % that the interval of the disagreement takes
    assert answers(301, 0).decision.verdict == "not inferior"
    fewer = answers(300, 0).decision
    assert (fewer.verdict, fewer.only_original, fewer.only_converted) == ("undecided", 0, 0)


def test_a_file_that_loses_more_than_the_margin_is_inferior():
    found = answers(400, 60)
    assert found.decision.verdict == "inferior"
    assert found.accuracy_change.value == pytest.approx(-0.15)
    assert found.accuracy_change.low < -0.15 < found.accuracy_change.high < 0
    assert found.macro_f1_change.high < 0
    assert found.agreement.value == pytest.approx(0.85)
    assert answers(400, 60, max_drop=0.3).decision.verdict == "not inferior"


@pytest.mark.parametrize(("n", "wrong"), [(200, 0), (200, 1), (600, 2)])
def test_the_stated_number_of_images_decides_in_19_of_20_cases(n, wrong):
    found = answers(n, wrong).decision
    assert found.verdict == "undecided"
    shares = (wrong + 1) / (n + 2), 1 / (n + 2)
    assert share_of(AS_GOOD, found.images_to_decide, *shares, 0.01, pairs=4000) == pytest.approx(0.95, abs=0.015)


def test_a_decided_file_needs_no_further_images():
    assert answers(400, 60).decision.images_to_decide is answers(400, 0).decision.images_to_decide is None


def test_each_class_has_its_own_decision():
    labels = np.repeat(np.arange(CLASSES), 600)
    converted = np.where((labels == 3) & (np.arange(len(labels)) % 4 == 0), 4, labels)
    found = compared(labels, labels, converted, 0.01)
    by_name = {one.name: one.verdict for one in found.classes}
    assert by_name == {name: "inferior" if name == "Happy" else "not inferior" for name in by_name}
    assert len(by_name) == CLASSES


def test_a_change_is_the_converted_model_minus_the_original():
    turned = reversed_change(Metric(value=0.02, low=-0.01, high=0.05, method="m"))
    assert (turned.value, turned.low, turned.high) == (-0.02, -0.05, 0.01)
    undefined = Metric(value=None, undefined="no images")
    assert reversed_change(undefined) == undefined


def test_answers_to_other_images_are_refused():
    with pytest.raises(UserError):
        compared(np.zeros(3, int), np.zeros(3, int), np.zeros(2, int), 0.01)
