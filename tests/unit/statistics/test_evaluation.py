"""An evaluation contains every metric, is deterministic, and explains undefined values."""

import json
from statistics import fmean

import numpy as np
import pytest

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.bootstrap import Resampling
from ferspec.reference.evaluation import evaluate, figures, named_metric, rank, require_metric
from ferspec.reference.intervals import wilson
from ferspec.reference.measured import Metric
from ferspec.reference.slices import gap, slices

N = 420


@pytest.fixture(scope="module")
def answers():
    """Labels, predictions, probabilities and groups of 420 images, 60 of each class."""
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(7), N // 7)
    outputs = rng.normal(size=(N, 7)) + 1.5 * np.eye(7)[labels]
    probabilities = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    groups = {"light": ["dim", "bright"] * (N // 2), "all": ["same"] * N}
    return labels, probabilities.argmax(axis=1), probabilities, groups


@pytest.fixture(scope="module")
def evaluation(answers):
    return evaluate(*answers)


def test_the_same_input_gives_the_same_evaluation(answers, evaluation):
    assert evaluate(*answers) == evaluation


def test_probabilities_and_groups_do_not_change_the_other_figures(answers, evaluation):
    labels, predicted, _, _ = answers
    bare = evaluate(labels, predicted)
    assert bare == evaluation.model_copy(update={"calibration": None, "slices": ()})


def test_an_evaluation_survives_json(evaluation):
    restored = type(evaluation).model_validate_json(json.dumps(evaluation.model_dump(mode="json"), allow_nan=False))
    assert restored == evaluation


def test_weighted_recall_equals_accuracy_with_its_interval(evaluation):
    assert evaluation.recall.weighted == evaluation.accuracy


def test_macro_recall_equals_accuracy_on_as_many_images_of_each_class(evaluation):
    assert evaluation.recall.macro.value == pytest.approx(evaluation.accuracy.value)
    assert evaluation.recall.macro.value == pytest.approx(fmean(entry.recall.value for entry in evaluation.per_class))


def test_every_figure_that_has_a_value_lies_within_its_interval(evaluation):
    defined = {name: metric for name, metric in figures(evaluation).items() if metric.value is not None}
    assert len(defined) >= 30
    for name, metric in defined.items():
        assert metric.low <= metric.value <= metric.high, name
        assert metric.low < metric.high, name
        assert metric.method, name


def test_the_worst_model_gets_figures_too():
    """One class taken for all: six precisions are undefined, and nothing is silently 0."""
    labels = np.repeat(np.arange(7), 3)
    found = evaluate(labels, np.full(21, 3))
    assert found.accuracy.value == pytest.approx(1 / 7)
    assert [entry.precision.value is None for entry in found.per_class] == [True] * 3 + [False] + [True] * 3
    assert found.precision.weighted.value == pytest.approx(1 / 49)
    assert "Angry, Disgust, Fear, Neutral, Sad, Surprise" in found.precision.weighted.undefined
    assert found.f1.weighted.undefined is None
    assert found.f1.macro.value == pytest.approx((2 * 1 / 7 / (1 + 1 / 7)) / 7)


def test_a_perfect_model_on_few_images_is_not_certain():
    found = evaluate(np.arange(7), np.arange(7))
    assert found.f1.macro.value == 1
    assert found.f1.macro.low <= found.accuracy.low
    assert found.accuracy.low == pytest.approx(wilson(7, 7, 0.95)[0])


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "find"),
    [
        ("accuracy", lambda made: made.accuracy),
        ("precision", lambda made: made.precision.weighted),
        ("f1", lambda made: made.f1.weighted),
        ("macro_precision", lambda made: made.precision.macro),
        (" Macro_F1 ", lambda made: made.f1.macro),
        ("recall[Disgust]", lambda made: made.per_class[1].recall),
        ("precision[Anger]", lambda made: made.per_class[0].precision),
        ("f1[ sad ]", lambda made: made.per_class[5].f1),
        ("recall[happiness]", lambda made: made.per_class[3].recall),
        ("ece", lambda made: made.calibration.ece),
        ("brier", lambda made: made.calibration.brier),
        ("nll", lambda made: made.calibration.nll),
        ("gap[light]", lambda made: made.slices[0].gap),
    ],
)
def test_a_figure_is_found_by_its_name(evaluation, name, find):
    assert named_metric(evaluation, name) is find(evaluation)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acuracy", "did you mean accuracy"),
        ("macro f1", "did you mean macro_f1"),
        ("gap[lihgt]", "did you mean gap[light]"),
        ("roc_auc", "known are accuracy, precision, recall, f1, macro_precision"),
        ("recall[Contempt]", "not one of the seven"),
        ("recall[Disgsut]", "did you mean disgust"),
        ("", "known are accuracy"),
    ],
)
def test_an_unknown_figure_is_one_clear_line(evaluation, name, hint):
    with pytest.raises(UserError) as caught:
        named_metric(evaluation, name)
    assert hint.lower() in str(caught.value).lower()
    assert "\n" not in str(caught.value)


def test_figures_can_be_required_before_anything_is_measured(evaluation):
    assert {require_metric(name, ["light", "all"]) for name in figures(evaluation)} == set(figures(evaluation))
    with pytest.raises(UserError):
        require_metric("gap[light]")


def test_calibration_without_probabilities_is_undefined_and_says_why(answers):
    labels, predicted, _, _ = answers
    assert named_metric(evaluate(labels, predicted), "ece") == Metric(
        value=None, undefined="no probabilities are given"
    )


# --- mistakes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "predicted", "says"),
    [
        ([0, 1, 7], [0, 1, 2], "labels contain 7, which is out of range"),
        ([0, 1, 2], [0, -1, 2], "predictions contain -1, which is out of range"),
        ([0, 1, 2], [0, 1], "3 labels but 2 predictions"),
        ([], [], "at least one image"),
        ([[0], [1]], [0, 1], "labels have shape (2, 1)"),
        ([0.0, 1.0], [0, 1], "labels are of type float64"),
    ],
)
def test_labels_that_cannot_be_evaluated_are_one_clear_line(labels, predicted, says):
    with pytest.raises(UserError) as caught:
        evaluate(np.array(labels), np.array(predicted))
    assert says in str(caught.value)


def test_probabilities_of_another_shape_are_one_clear_line(answers):
    labels, predicted, probabilities, _ = answers
    with pytest.raises(UserError, match=r"shape \(420, 6\), expected \(420, 7\)"):
        evaluate(labels, predicted, probabilities[:, :6])


def test_groups_of_another_length_are_one_clear_line(answers):
    labels, predicted, _, _ = answers
    with pytest.raises(UserError, match="column 'age' of the groups has 3 values for 420 images"):
        evaluate(labels, predicted, groups={"age": ["old", "young", "old"]})


# --- rank ---------------------------------------------------------------------------------------------------------


def published() -> list[float]:
    return sorted(cell.btfer_accuracy() for cell in spec.load().cells if cell.btfer_accuracy() is not None)


def placed(value: float, low: float | None = None, high: float | None = None):
    return rank(Metric(value=value, low=value if low is None else low, high=value if high is None else high))


def test_the_best_published_accuracy_has_the_first_place_and_the_worst_the_last():
    worst, best = published()[0], published()[-1]
    assert placed(best).position == 1
    assert placed(best + 0.1).position == 1
    assert placed(worst - 0.01).position == len(published()) + 1
    assert placed(worst).position == 1 + sum(value > worst for value in published())


def test_an_accuracy_ties_with_those_that_print_the_same():
    middle = published()[129]
    ties = published().count(middle)
    for value in (middle - 0.004, middle, middle + 0.004):
        assert (placed(value).ties, placed(value).printed) == (ties, middle)
        assert placed(value).last == 1 + sum(other >= middle for other in published())
    assert placed(middle - 0.006).position == placed(middle).last


def test_53_point_5_percent_shares_the_places_of_those_that_print_054():
    """97 published accuracies are higher, 18 of which print 0.54."""
    found = placed(0.535)
    assert (found.position, found.last, found.ties, found.printed) == (80, 98, 18, 0.54)
    assert sum(value > 0.535 for value in published()) == 97


@pytest.mark.parametrize(("value", "printed"), [(0.575, 0.58), (0.545, 0.55), (0.5349, 0.53), (1.0, 1.0), (0.0, 0.0)])
def test_a_half_is_printed_rounded_up(value, printed):
    assert placed(value).printed == printed


def test_a_value_between_the_published_has_one_place():
    found = placed(published()[-1] + 0.1)
    assert (found.position, found.last, found.ties) == (1, 1, 0)


def test_the_ends_of_the_interval_have_places_too(evaluation):
    found = placed(0.5, low=0.4, high=0.6)
    assert found.best_position == 1 + sum(value > 0.6 for value in published())
    assert found.worst_position == 1 + sum(value >= 0.4 for value in published())
    assert found.best_position < found.position < found.worst_position
    assert found.of == len(published())


# --- slices -------------------------------------------------------------------------------------------------------


def grouped(**columns):
    """Return slices, and the number of crossings left out, of 120 images whose first 80 are right."""
    return slices(np.arange(120) < 80, columns, Resampling(0.95, 500, 0))


def test_the_intervals_of_groups_are_exact_and_hold_together():
    from scipy.stats import binomtest

    ((found,), _) = grouped(light=["dim"] * 50 + ["bright"] * 60 + ["dark"] * 10)
    assert [(group.value, group.n, group.errors) for group in found.groups] == [
        ("bright", 60, 30),
        ("dark", 10, 10),
        ("dim", 50, 0),
    ]
    for group in (found.groups[0], found.groups[2]):
        right = binomtest(group.n - group.errors, group.n).proportion_ci(0.95**0.5, "exact")
        assert (group.accuracy.low, group.accuracy.high) == pytest.approx((right.low, right.high))
    assert (found.best, found.worst, found.gap.value, found.result) == ("dim", "bright", 0.5, "differ")


def test_a_small_group_is_not_evaluated_and_says_so():
    ((found,), _) = grouped(light=["dim"] * 100 + ["dark"] * 20)
    assert found.groups[0].accuracy == Metric(value=None, undefined="20 images are too few: at least 30 are needed")
    assert found.gap == Metric(value=None, undefined="fewer than two groups have at least 30 images")
    assert (found.best, found.worst, found.result) == (None, None, "not evaluated")


def test_a_gap_that_may_be_chance_is_inconclusive():
    ((found,), _) = grouped(parity=["even", "odd"] * 60)
    assert (found.gap.low, found.result) == (0, "inconclusive")


def test_columns_are_crossed_up_to_three_and_only_as_far_as_groups_stay_few():
    binary = {
        name: [str(index // step % 2) for index in range(120)] for name, step in zip("abcd", (1, 2, 4, 8), strict=True)
    }
    found, left_out = grouped(**binary)
    assert ([one.columns for one in found], left_out) == ([1] * 4 + [2] * 6 + [3] * 4, 0)
    assert (found[-1].column, found[-1].groups[0].value, found[-1].groups[0].n) == ("b & c & d", "0 & 0 & 0", 16)
    many = {
        name: [str(index // step % 15) for index in range(120)] for name, step in zip("abcd", (1, 3, 5, 7), strict=True)
    }
    found, left_out = grouped(**many)
    assert ([one.columns for one in found], left_out) == ([1] * 4, 10)


def test_names_that_join_to_the_same_text_stay_two_groups():
    ((_, _, crossed), _) = grouped(one=["x & y"] * 60 + ["x"] * 60, two=["z"] * 60 + ["y & z"] * 60)
    assert [(group.value, group.n) for group in crossed.groups] == [("x & y & z", 60)] * 2


def test_a_tiny_group_makes_the_gap_wide_rather_than_certain():
    """Four images all right and four all wrong: resampling either never varies, and must not claim a gap of 1."""
    found = gap(np.array([4, 0]), np.array([4, 4]), Resampling(0.95, 4000, 0))
    assert found.value == 1
    assert found.low < 0.8


def test_the_gap_of_two_large_groups_is_that_of_a_difference_of_proportions():
    found = gap(np.array([1400, 1000]), np.array([2000, 2000]), Resampling(0.95, 20_000, 0))
    reach = 1.96 * np.sqrt(0.7 * 0.3 / 2000 + 0.5 * 0.5 / 2000)
    assert (found.low, found.high) == pytest.approx((0.2 - reach, 0.2 + reach), abs=0.002)
