"""FER-M: how a trained model is measured.

Every requirement is a function of *something that measures*: it holds for the reference implementation, and each of
the wrong ways of measuring below, all of them seen in the wild, breaks the one that forbids it.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec import spec
from ferspec.reference import metrics

# A judge that finds a mistake today must find it tomorrow.
REPEATABLE = settings(max_examples=60, deadline=None, derandomize=True, report_multiple_bugs=False)

ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE = range(7)


@dataclass(frozen=True)
class Measured:
    """What a way of measuring says: per class (NaN where undefined), averaged by support, averaged equally."""

    accuracy: float
    per_class: dict[str, np.ndarray]
    weighted: dict[str, float]
    macro: dict[str, float]


Measure = Callable[[np.ndarray, np.ndarray], Measured]
FIGURES = {"precision": metrics.precision, "recall": metrics.recall, "f1": metrics.f1}


def reference_measure(labels: np.ndarray, predicted: np.ndarray) -> Measured:
    matrix = metrics.confusion_matrix(labels, predicted)
    per_class = {name: figure(matrix) for name, figure in FIGURES.items()}
    return Measured(
        accuracy=float(metrics.accuracy(matrix)),
        per_class=per_class,
        weighted={name: float(metrics.weighted(values, matrix)) for name, values in per_class.items()},
        macro={name: float(metrics.macro(values)) for name, values in per_class.items()},
    )


# Twelve images in which every figure is another number, Disgust is never predicted, and nothing else is undefined.
LABELS = np.array([ANGRY] * 2 + [DISGUST] + [FEAR] * 2 + [HAPPY] * 4 + [NEUTRAL, SAD, SURPRISE])
PREDICTED = np.array([ANGRY, HAPPY, HAPPY, FEAR, SURPRISE, HAPPY, HAPPY, HAPPY, NEUTRAL, NEUTRAL, SAD, SURPRISE])

images = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60).map(
    lambda pairs: (np.array([label for label, _ in pairs]), np.array([predicted for _, predicted in pairs]))
)


# --- the requirements ---------------------------------------------------------------------------------------------


def accuracy_is_the_share_of_images_classified_correctly(measure: Measure) -> None:
    assert measure(LABELS, PREDICTED).accuracy == pytest.approx(8 / 12)


def precision_is_over_the_images_taken_for_a_class(measure: Measure) -> None:
    expected = [1 / 1, np.nan, 1 / 1, 3 / 5, 1 / 2, 1 / 1, 1 / 2]
    assert measure(LABELS, PREDICTED).per_class["precision"] == pytest.approx(expected, nan_ok=True)


def recall_is_over_the_images_of_a_class(measure: Measure) -> None:
    expected = [1 / 2, 0 / 1, 1 / 2, 3 / 4, 1 / 1, 1 / 1, 1 / 1]
    assert measure(LABELS, PREDICTED).per_class["recall"] == pytest.approx(expected)


def f1_is_the_harmonic_mean_of_precision_and_recall_of_each_class(measure: Measure) -> None:
    measured = measure(LABELS, PREDICTED)
    assert measured.per_class["f1"] == pytest.approx([2 / 3, 0, 2 / 3, 2 / 3, 2 / 3, 1, 2 / 3])
    assert measured.weighted["f1"] == pytest.approx(23 / 36)
    assert measured.macro["f1"] == pytest.approx(13 / 21)


def figures_are_averaged_by_support(measure: Measure) -> None:
    weighted = measure(LABELS, PREDICTED).weighted
    # 2 Angry at 1, 2 Fear at 1, 4 Happy at 3/5, then one each of Neutral at 1/2, Sad at 1, Surprise at 1/2.
    assert weighted["precision"] == pytest.approx((2 + 2 + 4 * 3 / 5 + 1 / 2 + 1 + 1 / 2) / 12)
    assert weighted["recall"] == pytest.approx((2 / 2 + 2 / 2 + 4 * 3 / 4 + 1 + 1 + 1) / 12)


def the_macro_average_weighs_the_seven_classes_equally(measure: Measure) -> None:
    macro = measure(LABELS, PREDICTED).macro
    assert macro["precision"] == pytest.approx((1 + 0 + 1 + 3 / 5 + 1 / 2 + 1 + 1 / 2) / 7)
    assert macro["recall"] == pytest.approx((1 / 2 + 0 + 1 / 2 + 3 / 4 + 1 + 1 + 1) / 7)


def weighted_recall_equals_accuracy(measure: Measure) -> None:
    @given(images)
    @REPEATABLE
    def holds(pair):
        measured = measure(*pair)
        assert measured.weighted["recall"] == pytest.approx(measured.accuracy)

    holds()


def an_undefined_precision_is_reported_as_such(measure: Measure) -> None:
    @given(images)
    @REPEATABLE
    def holds(pair):
        labels, predicted = pair
        measured = measure(labels, predicted).per_class
        for index in range(7):
            assert np.isnan(measured["precision"][index]) == (index not in predicted)
            assert np.isnan(measured["recall"][index]) == (index not in labels)
            assert np.isnan(measured["f1"][index]) == (index not in labels and index not in predicted)

    holds()


def the_order_of_the_images_does_not_matter(measure: Measure) -> None:
    @given(images, st.randoms(use_true_random=False))
    @REPEATABLE
    def holds(pair, random):
        labels, predicted = pair
        order = random.sample(range(len(labels)), len(labels))
        assert_same(measure(labels[order], predicted[order]), measure(labels, predicted), range(7))

    holds()


def the_order_of_the_classes_does_not_matter(measure: Measure) -> None:
    @given(images, st.permutations(range(7)))
    @REPEATABLE
    def holds(pair, renamed):
        labels, predicted = pair
        renamed = np.array(renamed)
        assert_same(measure(renamed[labels], renamed[predicted]), measure(labels, predicted), renamed)

    holds()


def every_figure_is_between_0_and_1_and_recall_and_f1_are_1_only_if_all_is_right(measure: Measure) -> None:
    @given(images)
    @REPEATABLE
    def holds(pair):
        labels, predicted = pair
        measured = measure(labels, predicted)
        for name, value in (measured.weighted | measured.macro).items():
            assert 0 <= value <= 1 + 1e-12, name
        for name in ("recall", "f1"):
            assert (measured.weighted[name] == pytest.approx(1)) == np.array_equal(labels, predicted), name

    holds()


def assert_same(ours: Measured, theirs: Measured, renamed) -> None:
    __tracebackhide__ = True
    assert ours.accuracy == pytest.approx(theirs.accuracy)
    for name in FIGURES:
        assert ours.per_class[name][list(renamed)] == pytest.approx(theirs.per_class[name], nan_ok=True)
        assert ours.weighted[name] == pytest.approx(theirs.weighted[name])
        assert ours.macro[name] == pytest.approx(theirs.macro[name])


REQUIREMENTS = {
    "FER-M-01": [accuracy_is_the_share_of_images_classified_correctly],
    "FER-M-02": [
        figures_are_averaged_by_support,
        the_macro_average_weighs_the_seven_classes_equally,
        precision_is_over_the_images_taken_for_a_class,
        recall_is_over_the_images_of_a_class,
        the_order_of_the_images_does_not_matter,
        the_order_of_the_classes_does_not_matter,
        every_figure_is_between_0_and_1_and_recall_and_f1_are_1_only_if_all_is_right,
    ],
    "FER-M-03": [weighted_recall_equals_accuracy],
    "FER-M-04": [f1_is_the_harmonic_mean_of_precision_and_recall_of_each_class],
    "FER-M-05": [an_undefined_precision_is_reported_as_such],
}


@pytest.mark.parametrize(
    "requirement",
    [
        pytest.param(requirement, id=f"{clause} {requirement.__name__.replace('_', ' ')}")
        for clause, requirements in REQUIREMENTS.items()
        for requirement in requirements
    ],
)
def test_the_reference_measures_as_required(requirement):
    requirement(reference_measure)


# --- wrong ways of measuring --------------------------------------------------------------------------------------


def macro_reported_as_weighted(labels, predicted):
    right = reference_measure(labels, predicted)
    return Measured(right.accuracy, right.per_class, weighted=right.macro, macro=right.macro)


def weighted_reported_as_macro(labels, predicted):
    right = reference_measure(labels, predicted)
    return Measured(right.accuracy, right.per_class, weighted=right.weighted, macro=right.weighted)


def labels_and_predictions_swapped(labels, predicted):
    return reference_measure(predicted, labels)


def accuracy_averaged_over_classes(labels, predicted):
    right = reference_measure(labels, predicted)
    return Measured(float(np.nanmean(right.per_class["recall"])), right.per_class, right.weighted, right.macro)


def zero_division_hidden(labels, predicted):
    right = reference_measure(labels, predicted)
    hidden = {name: np.nan_to_num(values) for name, values in right.per_class.items()}
    return Measured(right.accuracy, hidden, right.weighted, right.macro)


def undefined_classes_left_out_of_the_average(labels, predicted):
    right = reference_measure(labels, predicted)
    macro = {name: float(np.nanmean(values)) for name, values in right.per_class.items()}
    return Measured(right.accuracy, right.per_class, right.weighted, macro)


def f1_of_the_averages(labels, predicted):
    right = reference_measure(labels, predicted)
    p, r = right.weighted["precision"], right.weighted["recall"]
    weighted = right.weighted | {"f1": 2 * p * r / (p + r) if p + r else 0.0}
    return Measured(right.accuracy, right.per_class, weighted, right.macro)


def last_partial_batch_dropped(labels, predicted):
    whole = max(1, len(labels) // 8 * 8)
    return reference_measure(labels[:whole], predicted[:whole])


WRONG = {
    macro_reported_as_weighted: [figures_are_averaged_by_support, weighted_recall_equals_accuracy],
    weighted_reported_as_macro: [the_macro_average_weighs_the_seven_classes_equally],
    labels_and_predictions_swapped: [
        precision_is_over_the_images_taken_for_a_class,
        recall_is_over_the_images_of_a_class,
    ],
    accuracy_averaged_over_classes: [accuracy_is_the_share_of_images_classified_correctly],
    zero_division_hidden: [an_undefined_precision_is_reported_as_such],
    undefined_classes_left_out_of_the_average: [the_macro_average_weighs_the_seven_classes_equally],
    f1_of_the_averages: [f1_is_the_harmonic_mean_of_precision_and_recall_of_each_class],
    last_partial_batch_dropped: [the_order_of_the_images_does_not_matter],
}


@pytest.mark.parametrize(
    ("measure", "requirement"),
    [
        pytest.param(measure, requirement, id=f"{measure.__name__} breaks {requirement.__name__}".replace("_", " "))
        for measure, requirements in WRONG.items()
        for requirement in requirements
    ],
)
def test_a_wrong_way_of_measuring_is_rejected(measure, requirement):
    with pytest.raises(AssertionError):
        requirement(measure)


# --- what was published -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublishedReport:
    """One classification report as printed: per-class figures and support, and the averages below them."""

    cell: str
    per_class: dict[str, np.ndarray]
    images: np.ndarray
    averages: dict[str, dict[str, float]]
    accuracy: float


@cache
def released_reports(folder: Path) -> list[PublishedReport]:
    rows: dict[tuple[str, str], dict[int | str, dict[str, str]]] = {}
    with (folder / "tables" / "released_per_class.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            is_class = row["row"] != "accuracy" and not row["row"].endswith("avg")
            key = spec.load().class_index(row["row"]) if is_class else row["row"]
            rows.setdefault((row["cell"], row["split"]), {})[key] = row
    return [
        PublishedReport(
            cell=f"{cell} ({split})",
            per_class={name: np.array([float(report[index][name]) for index in range(7)]) for name in FIGURES},
            images=np.array([int(report[index]["support"]) for index in range(7)]),
            averages={
                average: {name: float(report[f"{average} avg"][name]) for name in FIGURES}
                for average in ("weighted", "macro")
            },
            accuracy=float(report["accuracy"]["f1"]),
        )
        for (cell, split), report in rows.items()
    ]


# Figures and averages are both rounded to two places: an average may be off by half a hundredth for either.
ROUNDING = 0.01 + 1e-9


@pytest.mark.parametrize("name", FIGURES)
def test_FER_M_02_the_released_averages_follow_from_the_released_classes(reports, name):
    for report in reports:
        values, averages = report.per_class[name], report.averages
        by_support = metrics.weighted(values, np.diag(report.images))
        assert by_support == pytest.approx(averages["weighted"][name], abs=ROUNDING), report.cell
        assert metrics.macro(values) == pytest.approx(averages["macro"][name], abs=ROUNDING), report.cell


def test_FER_M_03_the_released_weighted_recall_is_the_released_accuracy(reports):
    tolerance = spec.load().value("FER-M-03", "printed_tolerance") + 1e-9
    for report in reports:
        assert report.averages["weighted"]["recall"] == pytest.approx(report.accuracy, abs=tolerance), report.cell


def test_FER_M_02_the_macro_average_does_not_explain_the_released_weighted_one(reports):
    explained = [
        abs(metrics.macro(report.per_class["precision"]) - report.averages["weighted"]["precision"]) <= ROUNDING
        for report in reports
        if "(val)" in report.cell
    ]
    assert np.mean(explained) < 0.5


def test_FER_M_04_the_released_f1_is_the_harmonic_mean_class_by_class(reports):
    for report in reports:
        p, r = report.per_class["precision"], report.per_class["recall"]
        least, most = (harmonic_mean(np.clip(p + by, 0, 1), np.clip(r + by, 0, 1)) for by in (-0.005, 0.005))
        printed = report.per_class["f1"]
        inside = (printed >= least - 0.005 - 1e-9) & (printed <= most + 0.005 + 1e-9)
        assert inside.all(), report.cell


def harmonic_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(2 * a * b, a + b, out=np.zeros_like(a), where=a + b > 0)


@pytest.fixture
def reports(reference) -> list[PublishedReport]:
    reports = released_reports(reference)
    assert len(reports) > 200, "the reference material holds a report for most of the grid"
    return reports
