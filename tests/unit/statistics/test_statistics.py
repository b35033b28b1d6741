"""The statistics agree with scikit-learn, SciPy, closed forms and plain resampling."""

import math
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling, protocol_resampling, resample_means, resample_table
from ferspec.reference.calibration import calibration
from ferspec.reference.evaluation import averages, per_class
from ferspec.reference.intervals import (
    bootstrap,
    images_needed,
    judge_claim,
    proportion,
    spread_interval,
    unseen,
    wilson,
)
from ferspec.reference.measured import Metric

images = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=80).map(np.array)
PROPERTY = settings(max_examples=40, deadline=None, derandomize=True)
FEW = Resampling(level=0.95, replicates=50, seed=0)


def simulated(n: int, seed: int, skill: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Labels of ``n`` images and the answers of a model that knows a share ``skill`` of them and guesses the rest."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(7, size=n)
    return labels, np.where(rng.random(n) < skill, labels, rng.integers(7, size=n))


# --- figures against scikit-learn ---------------------------------------------------------------------------------


@given(images)
@PROPERTY
def test_confusion_matrix_and_accuracy_are_those_of_scikit_learn(pairs):
    from sklearn.metrics import accuracy_score, confusion_matrix

    labels, predicted = pairs.T
    matrix = metrics.confusion_matrix(labels, predicted)
    assert np.array_equal(matrix, confusion_matrix(labels, predicted, labels=range(7)))
    assert metrics.accuracy(matrix) == pytest.approx(accuracy_score(labels, predicted))


@given(images)
@PROPERTY
def test_figures_per_class_are_those_of_scikit_learn_with_none_for_undefined(pairs):
    from sklearn.metrics import precision_recall_fscore_support

    labels, predicted = pairs.T
    expected = precision_recall_fscore_support(labels, predicted, labels=range(7), zero_division=np.nan)
    described = per_class(metrics.confusion_matrix(labels, predicted), 0.95)
    for values, name in zip(expected[:3], ("precision", "recall", "f1"), strict=True):
        ours = [getattr(one, name) for one in described]
        assert [np.nan if figure.value is None else figure.value for figure in ours] == pytest.approx(
            list(values), nan_ok=True
        )
        assert all((figure.value is None) == (figure.undefined is not None) for figure in ours)
    assert [one.support for one in described] == list(expected[3])
    assert [one.predicted for one in described] == [int((predicted == index).sum()) for index in range(7)]


@given(images)
@PROPERTY
def test_averages_are_those_of_scikit_learn_and_name_the_classes_counted_as_zero(pairs):
    from sklearn.metrics import precision_recall_fscore_support

    labels, predicted = pairs.T
    ours = averages(metrics.confusion_matrix(labels, predicted), FEW)
    for kind in ("weighted", "macro"):
        expected = precision_recall_fscore_support(labels, predicted, labels=range(7), average=kind, zero_division=0)
        assert [getattr(figure, kind).value for figure in ours] == pytest.approx(list(expected[:3]))
    never_predicted = set(range(7)) - set(predicted)
    precision = ours[0]
    assert (precision.macro.undefined is not None) == bool(never_predicted)
    assert (precision.weighted.undefined is not None) == bool(never_predicted & set(labels))
    assert (ours[1].macro.undefined is not None) == (set(labels) != set(range(7)))
    assert ours[1].weighted.undefined is None


def test_a_class_counted_as_zero_is_named():
    matrix = metrics.confusion_matrix(np.array([0, 1, 2]), np.array([0, 0, 2]))
    precision = averages(matrix, FEW)[0]
    assert precision.weighted.undefined == "precision is undefined for Disgust and counted as 0"
    assert precision.macro.undefined == (
        "precision is undefined for Disgust, Happy, Neutral, Sad, Surprise and counted as 0"
    )
    assert per_class(matrix, 0.95)[1].precision.undefined == "no image is predicted as Disgust"


# --- Wilson -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 300), (300, 300), (1, 7), (150, 300), (1144, 2100)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_is_scipys_and_the_closed_form(k, n, level):
    from scipy.stats import binomtest

    ours = wilson(k, n, level)
    theirs = binomtest(k, n).proportion_ci(level, method="wilson")
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle, reach = (k + z**2 / 2) / (n + z**2), z / (n + z**2) * math.sqrt(k * (n - k) / n + z**2 / 4)
    assert ours == pytest.approx((middle - reach, middle + reach), abs=1e-12)


def test_wilson_ends_are_exact_where_all_or_none_succeed():
    assert all(wilson(0, n, 0.95)[0] == 0.0 and wilson(n, n, 0.95)[1] == 1.0 for n in range(1, 400))


def test_f1_of_a_class_has_the_wilson_interval_of_the_share_it_follows_from():
    # 30 hits, 20 missed, 10 falsely taken: F1 = 60/90, and 30 of 60 images that are either give q = 1/2.
    matrix = np.zeros((7, 7), dtype=int)
    matrix[0, 0], matrix[0, 1], matrix[1, 0] = 30, 20, 10
    f1 = per_class(matrix, 0.95)[0].f1
    low, high = wilson(30, 60, 0.95)
    assert f1.value == pytest.approx(2 / 3)
    assert (f1.low, f1.high) == pytest.approx((1 / (0.5 / low + 0.5), 1 / (0.5 / high + 0.5)))


# --- bootstrap ----------------------------------------------------------------------------------------------------


def resampled_images(labels, predicted, replicates, seed, figure):
    """The plain bootstrap: draw images, count them, measure, and again."""
    rng, n = np.random.default_rng(seed), len(labels)
    drawn = (rng.integers(n, size=n) for _ in range(replicates))
    return np.array([figure(metrics.confusion_matrix(labels[i], predicted[i])) for i in drawn])


@pytest.mark.parametrize("name", ["accuracy", "weighted precision", "macro recall", "macro f1"])
@pytest.mark.parametrize("n", [40, 300])
def test_multinomial_draws_have_the_distribution_of_resampled_images(name, n):
    figure = {
        "accuracy": metrics.accuracy,
        "weighted precision": lambda matrix: metrics.weighted(metrics.precision(matrix), matrix),
        "macro recall": lambda matrix: metrics.macro(metrics.recall(matrix)),
        "macro f1": lambda matrix: metrics.macro(metrics.f1(matrix)),
    }[name]
    labels, predicted = simulated(n, seed=n)
    plain = resampled_images(labels, predicted, 3000, seed=1, figure=figure)
    ours = figure(resample_table(metrics.confusion_matrix(labels, predicted), Resampling(0.95, 3000, seed=2)))
    assert_same_distribution(ours, plain)
    with pytest.raises(AssertionError):
        assert_same_distribution(ours + 0.2 * plain.std(), plain)
    with pytest.raises(AssertionError):
        assert_same_distribution(ours.mean() + 1.2 * (ours - ours.mean()), plain)


def test_calibration_terms_resampled_at_once_have_the_distribution_of_resampled_images():
    rng = np.random.default_rng(5)
    terms = rng.exponential(size=(200, 2)) * [1, 3]
    ours = resample_means(terms, Resampling(0.95, 3000, seed=2))
    plain = np.array([terms[rng.integers(200, size=200)].mean(axis=0) for _ in range(3000)])
    for column in range(2):
        assert_same_distribution(ours[:, column], plain[:, column])
    assert np.corrcoef(ours.T)[0, 1] == pytest.approx(np.corrcoef(plain.T)[0, 1], abs=0.08)


def assert_same_distribution(ours: np.ndarray, plain: np.ndarray) -> None:
    """Means, spreads and tails agree within four Monte Carlo standard errors."""
    __tracebackhide__ = True
    spread, root = plain.std(), math.sqrt(len(plain))
    assert abs(ours.mean() - plain.mean()) <= 4 * spread * math.sqrt(2) / root
    assert abs(ours.std() - spread) <= 4 * spread / root
    # The standard error of a 2.5 % quantile of a normal sample is 2.7 standard deviations / √replicates.
    for share in (0.025, 0.975):
        distance = abs(np.quantile(ours, share) - np.quantile(plain, share))
        assert distance <= 4 * 2.7 * spread * math.sqrt(2) / root


@pytest.mark.parametrize("counts", [(1, 2), (1, 1, 2), (5, 1, 3)], ids=str)
def test_a_resampled_table_has_the_probability_of_a_multinomial(counts):
    """Against every possible table of a few images, with its probability by the multinomial's formula."""
    n, drawn = sum(counts), resample_table(np.array(counts), Resampling(0.95, 20_000, seed=4))
    possible = [table for table in product(range(n + 1), repeat=len(counts)) if sum(table) == n]
    expected = [
        math.factorial(n) * math.prod((c / n) ** k / math.factorial(k) for c, k in zip(counts, table, strict=True))
        for table in possible
    ]
    observed = np.array([(drawn == table).all(axis=1).sum() for table in possible])
    assert observed.sum() == 20_000
    often = 20_000 * np.array(expected) >= 5
    error = 4 * np.sqrt(20_000 * np.array(expected))
    assert often.sum() >= 4
    assert (np.abs(observed - 20_000 * np.array(expected)) <= error)[often].all()


def test_every_resampled_table_has_as_many_images_and_no_cell_that_never_occurred():
    labels, predicted = simulated(90, seed=3)
    matrix = metrics.confusion_matrix(labels, predicted)
    drawn = resample_table(matrix, Resampling(0.95, 200, seed=0))
    assert drawn.shape == (200, 7, 7)
    assert (drawn.sum(axis=(1, 2)) == 90).all()
    assert not drawn[:, matrix == 0].any()


def test_resampling_repeats_itself_from_its_seed_and_no_other():
    labels, predicted = simulated(90, seed=3)
    matrix = metrics.confusion_matrix(labels, predicted)
    first, repeated, other = (resample_table(matrix, Resampling(0.95, 20, seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, repeated)
    assert not np.array_equal(first, other)


def test_resampled_means_do_not_depend_on_how_many_are_drawn_at_once(monkeypatch):
    terms = np.random.default_rng(0).random((50, 3))
    together = resample_means(terms, FEW)
    monkeypatch.setattr("ferspec.reference.bootstrap.DRAWS_AT_ONCE", 110)
    assert resample_means(terms, FEW) == pytest.approx(together)


def test_the_protocol_asks_for_ten_thousand_replicates_at_95_percent():
    assert (protocol_resampling().replicates, protocol_resampling().level) == (10_000, 0.95)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_interval_has_a_width_even_where_no_replicate_differs(value):
    few, many = (bootstrap(value, np.full(100, value), 0.95, [unseen(value, n, 0.95, bounds=(0, 1))]) for n in (5, 500))
    # "Rule of three": none among n leaves about 3/n possible; Wilson is a little wider.
    assert 3 / 500 < many.high - many.low < 5 / 500
    assert few.high - few.low > 0.4
    assert many.low <= value <= many.high
    assert "images unseen" in few.method


def averaged(matrix: np.ndarray) -> dict[str, Metric]:
    """The averages by name, the weighted recall left out: it is the accuracy."""
    figures = dict(zip(("precision", "recall", "f1"), averages(matrix, Resampling(0.95, 2000, seed=0)), strict=True))
    named = {
        f"{kind} {name}": getattr(metric, kind) for name, metric in figures.items() for kind in ("weighted", "macro")
    }
    return {name: metric for name, metric in named.items() if name != "weighted recall"}


PER_CLASS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 30, 100, 300)


@pytest.mark.parametrize("name", ["weighted precision", "macro precision", "macro recall", "weighted f1", "macro f1"])
def test_a_perfect_metric_has_a_narrower_interval_on_more_images_but_never_narrower_than_the_accuracy(name):
    lows = []
    for images in PER_CLASS:
        figure = averaged(images * np.eye(7, dtype=int))[name]
        assert figure.low < figure.value == figure.high == 1
        assert figure.low <= wilson(7 * images, 7 * images, 0.95)[0] + 1e-12
        lows.append(figure.low)
    assert lows == sorted(lows)
    assert lows[-1] > 0.99


def test_a_further_mistake_never_narrows_an_interval():
    found = []
    for mistakes in range(5):
        matrix = 10 * np.eye(7, dtype=int)
        matrix[range(mistakes), range(mistakes)] -= 1
        matrix[range(mistakes), range(1, mistakes + 1)] += 1
        found.append(averaged(matrix))
    for name in found[0]:
        lows = [named[name].low for named in found]
        assert lows == sorted(lows, reverse=True), name


@given(images)
@PROPERTY
def test_every_average_lies_within_an_interval_that_has_a_width(pairs):
    for name, metric in averaged(metrics.confusion_matrix(*pairs.T)).items():
        assert metric.low <= metric.value <= metric.high, name
        assert metric.high - metric.low > 0.01, name


def test_three_missed_images_of_a_class_leave_its_share_of_a_macro_average_open():
    """Resampling never finds a hit among them, but Wilson's interval of none of three reaches 0.56."""
    matrix = 300 * np.eye(7, dtype=int)
    matrix[1], matrix[1, 0] = 0, 3
    macro = averaged(matrix)["macro recall"]
    assert macro.value == pytest.approx(6 / 7)
    assert macro.high == pytest.approx(6 / 7 + wilson(0, 3, 0.95)[1] / 7)


@pytest.mark.parametrize("images", [5, 50])
@pytest.mark.parametrize("name", ["ece", "brier", "nll"])
def test_a_perfect_calibration_has_the_uncertainty_of_the_accuracy(name, images):
    labels = np.arange(images) % 7
    metric = getattr(calibration(labels, labels, np.eye(7)[labels], FEW), name)
    # a wrong image costs up to 1 in the calibration error, 2 in the Brier score, and log 7 where it is a guess
    worst = {"ece": 1, "brier": 2, "nll": math.log(7)}[name]
    assert (metric.value, metric.low) == (0, 0)
    assert metric.high == pytest.approx(worst * wilson(0, images, 0.95)[1])


# --- figures that chance inflates ---------------------------------------------------------------------------------


def test_a_spread_that_chance_explains_has_an_interval_from_zero():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(4000, 6))
    low, high = spread_interval(lambda shares: np.ptp(shares, axis=-1), rng.normal(size=6), noise, 0.95)
    assert low == 0
    assert high > 0


def test_a_spread_far_above_chance_has_the_interval_of_a_plain_difference():
    noise = np.random.default_rng(0).normal(size=(20000, 2)) * 0.01
    low, high = spread_interval(lambda shares: np.ptp(shares, axis=-1), np.array([0.3, 0.7]), noise, 0.95)
    reach = 1.96 * 0.01 * math.sqrt(2)
    assert (low, high) == pytest.approx((0.4 - reach, 0.4 + reach), abs=0.001)


# --- claims -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "operator", "threshold", "expected"),
    [
        (0.60, 0.70, ">=", 0.60, "pass"),
        (0.60, 0.70, ">", 0.60, "inconclusive"),
        (0.60, 0.70, ">=", 0.65, "inconclusive"),
        (0.60, 0.70, ">=", 0.70, "inconclusive"),
        (0.60, 0.70, ">", 0.70, "fail"),
        (0.60, 0.70, ">=", 0.71, "fail"),
        (0.60, 0.70, "<=", 0.70, "pass"),
        (0.60, 0.70, "<", 0.70, "inconclusive"),
        (0.60, 0.70, "<=", 0.60, "inconclusive"),
        (0.60, 0.70, "<", 0.60, "fail"),
        (0.60, 0.70, "<=", 0.59, "fail"),
    ],
)
def test_a_claim_is_decided_by_the_whole_interval(low, high, operator, threshold, expected):
    assert judge_claim(Metric(value=0.65, low=low, high=high), operator, threshold) == expected


def test_a_claim_about_an_undefined_figure_is_inconclusive():
    assert judge_claim(Metric(value=None, undefined="no image is predicted as Disgust"), ">=", 0.0) == "inconclusive"


@pytest.mark.parametrize(("k", "n", "threshold"), [(61, 100, 0.6), (59, 100, 0.6), (9, 10, 0.75), (1, 50, 0.05)])
def test_the_number_of_images_that_would_decide_an_accuracy_is_the_least_one(k, n, threshold):
    """Against a search for the least n whose Wilson interval, at the observed share, excludes the threshold."""

    def excludes(size: int) -> bool:
        share, z = k / n, NormalDist().inv_cdf(0.975)
        middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
        reach = z / (1 + z**2 / size) * math.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
        return not middle - reach < threshold < middle + reach

    needed = images_needed(proportion(k, n, 0.95), threshold, n)
    assert needed > n
    assert excludes(needed)
    assert not excludes(needed - 1)


def test_other_figures_need_images_by_the_square():
    figure = Metric(value=0.55, low=0.53, high=0.58, method="bootstrap over images")
    assert images_needed(figure, 0.54, 2100) == 4 * 2100
    assert images_needed(figure, 0.56, 2100) == 9 * 2100


def test_no_number_of_images_decides_a_claim_of_exactly_the_observed_value():
    assert images_needed(proportion(60, 100, 0.95), 0.6, 100) is None
    assert images_needed(Metric(value=None, undefined="there is no image of Sad"), 0.6, 100) is None


@pytest.mark.parametrize(("hits", "operator"), list(product((0, 7, 10), (">=", ">", "<=", "<"))))
def test_ten_images_never_decide_a_close_claim(hits, operator):
    figure = proportion(hits, 10, 0.95)
    assert judge_claim(figure, operator, (figure.low + figure.high) / 2) == "inconclusive"
