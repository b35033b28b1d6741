"""The plots of a conversion: no letter covers another, and axes have round values."""

import pytest

from ferspec.reference.measured import Metric
from ferspec.report.edge.plot import _heights, _round_values, _scale
from ferspec.report.edge.words import change, signed


def test_letters_of_near_marks_stand_above_one_another():
    assert _heights([100, 101, 102, 300]) == [0, 1, 2, 0]
    assert _heights([300, 100, 119, 110]) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("low", "high", "step", "first", "last"),
    [(0.52, 0.55, 0.005, 104, 110), (0.2, 0.9, 0.2, 1, 5), (0.5, 0.5, 0.001, 500, 501)],
)
def test_an_axis_of_shares_has_at_most_seven_round_steps(low, high, step, first, last):
    assert _scale(low, high) == (step, first, last)
    assert first * step <= low + 1e-9
    assert last * step >= high - 1e-9


def test_a_logarithmic_axis_has_round_values_in_its_range():
    assert [*_round_values(0.4, 12)] == pytest.approx([0.5, 1, 2, 5, 10])
    assert [*_round_values(3, 5000)] == pytest.approx([10, 100, 1000])


def test_a_change_has_its_sign_and_its_interval():
    assert change(Metric(value=-0.0031, low=-0.011, high=0.004, method="m")) == "−0.3 (−1.1 to +0.4)"
    assert signed(-0.0001) == signed(0.0) == "0.0"
    assert change(Metric(value=None, undefined="no images")) == "undefined"
