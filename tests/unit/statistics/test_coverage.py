"""Intervals cover the true metric as often as promised, on simulated models.

Every simulation has a fixed seed. Bounds are the nominal 95 % within three Monte Carlo standard errors, plus
``SLACK`` for what a percentile bootstrap of a few hundred replicates is known to lose.
"""

import math
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
import pytest

from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling, resample_table
from ferspec.reference.calibration import calibration
from ferspec.reference.comparison import accuracy_difference, f1_differences
from ferspec.reference.evaluation import AVERAGED, averages, per_class
from ferspec.reference.intervals import percentile, wilson
from ferspec.reference.measured import Metric
from ferspec.reference.significance import mcnemar
from ferspec.reference.slices import gap

LEVEL, SLACK = 0.95, 0.01


def coverage(truth: float, intervals: Iterable[Metric | tuple[float, float]]) -> tuple[float, float]:
    """Return the share of intervals that hold the truth, and three standard errors of such a share."""
    ends = [(interval.low, interval.high) if isinstance(interval, Metric) else interval for interval in intervals]
    share = float(np.mean([low - 1e-9 <= truth <= high + 1e-9 for low, high in ends]))
    return share, 3 * math.sqrt(LEVEL * (1 - LEVEL) / len(ends))


def covers(truth: float, intervals: Iterable[Metric | tuple[float, float]]) -> bool:
    share, error = coverage(truth, intervals)
    return LEVEL - SLACK - error <= share <= LEVEL + SLACK + error


def confusions(seed: int) -> np.ndarray:
    """A plausible model of 7 equally frequent classes: the probabilities of (label, answer), adding up to 1."""
    rng = np.random.default_rng(seed)
    answers = rng.dirichlet(np.full(7, 0.6), size=7) * 0.45
    answers[np.arange(7), np.arange(7)] += 0.55
    return answers / 7


def resampling(trial: int, replicates: int = 400) -> Resampling:
    return Resampling(LEVEL, replicates, seed=trial)


# --- Wilson: exact, by summing over all outcomes ------------------------------------------------------------------


def exact_coverage(interval: Callable[[int, int], tuple[float, float]], n: int, truths: np.ndarray) -> np.ndarray:
    from scipy.stats import binom

    ends = np.array([interval(k, n) for k in range(n + 1)])
    held = (ends[:, :1] <= truths) & (truths <= ends[:, 1:])
    return (held * binom.pmf(np.arange(n + 1)[:, None], n, truths)).sum(axis=0)


@pytest.mark.parametrize("n", [30, 300, 2100])
def test_wilson_intervals_cover_accuracies_of_every_size(n):
    truths = np.linspace(0.05, 0.95, 181)
    found = exact_coverage(lambda k, n: wilson(k, n, LEVEL), n, truths)
    assert found.mean() == pytest.approx(LEVEL, abs=0.005)
    assert found.min() > 0.90


def test_wald_intervals_would_not():
    def wald(k: int, n: int) -> tuple[float, float]:
        reach = 1.96 * math.sqrt(k / n * (1 - k / n) / n)
        return k / n - reach, k / n + reach

    found = exact_coverage(wald, 30, np.linspace(0.05, 0.95, 181))
    assert found.min() < 0.80


# --- figures of the confusion matrix ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["precision", "f1"])
@pytest.mark.parametrize("kind", ["weighted", "macro"])
def test_averages_over_2100_images_are_covered(name, kind):
    model, rng = confusions(seed=1), np.random.default_rng(2)
    figure = {"precision": metrics.precision, "f1": metrics.f1}[name]
    truth = metrics.weighted(figure(model), model) if kind == "weighted" else metrics.macro(figure(model))
    found = []
    for trial in range(300):
        drawn = averages(rng.multinomial(2100, model.ravel()).reshape(7, 7), resampling(trial))
        found.append(getattr(drawn[["precision", "recall", "f1"].index(name)], kind))
    assert covers(float(truth), found)
    assert not covers(float(truth), [halved(metric) for metric in found]), (
        "a simulation that any interval passes shows nothing"
    )


def balanced(accuracy: float, seed: int, spread: float, concentration: float) -> np.ndarray:
    """The probabilities of a balanced test set: accuracies that differ by class, and errors that favour some."""
    right = np.clip(accuracy + spread * min(accuracy, 1 - accuracy) * np.linspace(-1, 1, 7), 0.02, 0.98)
    others = np.random.default_rng(seed).dirichlet(np.full(6, concentration), size=7)
    model = np.diag(right)
    model[~np.eye(7, dtype=bool)] = (others * (1 - right[:, None])).ravel()
    return model / 7


SETTINGS = [
    balanced(accuracy, seed, *shape)
    for seed, (accuracy, shape) in enumerate(product((0.35, 0.55, 0.75, 0.92), ((0.0, 20.0), (0.4, 0.5))))
]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "worst", "best"), [(70, 0.92, 1.0), (350, 0.935, 0.97)])
def test_averages_are_covered_on_few_images(n, worst, best):
    """Eight settings, each with 2,000 samples; docs/certify.md has the table."""
    found = {name: [] for name in ("precision", "f1", "macro precision", "macro recall", "macro f1")}
    for model in SETTINGS:
        figures = (metrics.precision(model), metrics.recall(model), metrics.f1(model))
        truths = {f"macro {name}": metrics.macro(figure) for name, figure in zip(AVERAGED, figures, strict=True)}
        truths |= {"precision": metrics.weighted(figures[0], model), "f1": metrics.weighted(figures[2], model)}
        held: dict[str, list[bool]] = {name: [] for name in truths}
        rng = np.random.default_rng(11)
        for trial in range(2000):
            drawn = averages(rng.multinomial(n, model.ravel()).reshape(7, 7), resampling(trial, 300))
            for name, average in zip(AVERAGED, drawn, strict=True):
                for key, metric in ((name, average.weighted), (f"macro {name}", average.macro)):
                    if key in held:
                        held[key].append(metric.low - 1e-9 <= truths[key] <= metric.high + 1e-9)
        for name, hits in held.items():
            found[name].append(float(np.mean(hits)))
    print({name: (round(float(np.mean(shares)), 4), min(shares), max(shares)) for name, shares in found.items()})
    assert all(0.94 <= np.mean(shares) <= 0.965 for shares in found.values()), found
    assert all(worst <= min(shares) and max(shares) <= best for shares in found.values()), found


def halved(metric: Metric) -> tuple[float, float]:
    return metric.value - (metric.value - metric.low) / 2, metric.value + (metric.high - metric.value) / 2


def test_figures_of_a_class_that_is_rarely_predicted_are_covered_where_a_bootstrap_would_fail():
    """Of 2,100 images about five are taken for the class: resampling five images knows too little of the rest."""
    model = np.full((7, 7), 60 / 6)
    np.fill_diagonal(model, 240)
    model[:, 1], model[1] = 2 / 6, 297 / 6
    model[1, 1] = 3
    model /= model.sum()
    precision, f1 = metrics.precision(model)[1], metrics.f1(model)[1]
    rng, ours, theirs, ours_f1 = np.random.default_rng(3), [], [], []
    for trial in range(300):
        matrix = rng.multinomial(2100, model.ravel()).reshape(7, 7)
        described = per_class(matrix, LEVEL)[1]
        if described.precision.value is None:
            continue
        ours.append(described.precision)
        ours_f1.append(described.f1)
        drawn = metrics.precision(resample_table(matrix, resampling(trial, 200)))[:, 1]
        theirs.append(percentile(drawn[~np.isnan(drawn)], LEVEL))
    assert covers(precision, ours)
    assert covers(f1, ours_f1)
    assert coverage(precision, theirs)[0] < 0.87


# --- figures that chance inflates ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "sizes"),
    [
        ([0.6, 0.6], [1000, 1000]),
        ([0.6] * 5, [400] * 5),
        ([0.6] * 30, [70] * 30),
        ([0.6, 0.5], [1000, 1000]),
        ([0.7, 0.65, 0.6, 0.55, 0.5], [400] * 5),
        ([0.9, 0.6], [1000, 30]),
        ([0.6, 0.6, 0.6], [1000, 1000, 8]),
    ],
    ids=[
        "two equal groups",
        "five equal groups",
        "thirty equal groups",
        "two groups",
        "five groups",
        "a small group that is worse",
        "a tiny group among equals",
    ],
)
def test_the_gap_between_groups_is_covered_whether_there_is_one_or_not(rates, sizes):
    rates, sizes = np.array(rates), np.array(sizes)
    rng = np.random.default_rng(4)
    observed = [rng.binomial(sizes, rates) for _ in range(250)]
    found = [gap(hits, sizes, resampling(trial)) for trial, hits in enumerate(observed)]
    share, error = coverage(float(np.ptp(rates)), found)
    assert share >= LEVEL - 0.03 - error
    assert (
        np.mean([metric.high - metric.low for metric in found]) < 4 * 1.96 * np.sqrt(rates * (1 - rates) / sizes).max()
    )


def test_a_plain_percentile_interval_would_never_find_that_there_is_no_gap():
    sizes, rng, found = np.full(5, 400), np.random.default_rng(5), []
    for _ in range(200):
        rates = rng.binomial(sizes, 0.6) / sizes
        found.append(percentile(np.ptp(rng.binomial(sizes, rates, size=(400, 5)) / sizes, axis=1), LEVEL))
    assert coverage(0.0, found)[0] < 0.05


@pytest.mark.parametrize("overconfidence", [0.0, 0.05, 0.15])
def test_the_calibration_error_is_covered_for_calibrated_and_overconfident_models(overconfidence):
    rng, found = np.random.default_rng(6), []

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        confidence = 0.2 + 0.8 * rng.beta(3, 2, size=n)
        return confidence, rng.random(n) < confidence - overconfidence

    for trial in range(150):
        confidence, right = draw(700)
        rows = np.tile(((1 - confidence) / 6)[:, None], 7)
        rows[:, 0] = confidence
        labels = np.where(right, 0, 1)
        found.append(calibration(labels, np.zeros(700, dtype=int), rows, resampling(trial, 300)).ece)
    share, error = coverage(overconfidence, found)
    assert share >= LEVEL - 0.03 - error


# --- pairs --------------------------------------------------------------------------------------------------------


def paired_models() -> np.ndarray:
    """Probabilities of (label, A, B): B takes over most of A's answers, right and wrong."""
    a = confusions(seed=7) * 7
    b = np.stack([0.8 * np.eye(7)[answer] + 0.2 * confusions(seed=8) * 7 for answer in range(7)])
    return a[:, :, None] * b.transpose(1, 0, 2) / 7


@pytest.mark.slow
def test_the_paired_difference_of_f1_is_covered_and_unpaired_intervals_are_needlessly_wide():
    model, rng = paired_models(), np.random.default_rng(9)
    matrices = model.sum(axis=2), model.sum(axis=1)
    truths = [
        average(metrics.f1(matrices[0]), matrices[0]) - average(metrics.f1(matrices[1]), matrices[1])
        for average in (metrics.weighted, lambda scores, _: metrics.macro(scores))
    ]
    weighted, macro, unpaired = [], [], []
    for trial in range(200):
        label, a, b = images_of(rng.multinomial(2100, model.ravel()).reshape(7, 7, 7))
        for found, into in zip(f1_differences(label, a, b, resampling(trial, 300)), (weighted, macro), strict=True):
            into.append(found)
        drawn = [
            metrics.macro(
                metrics.f1(resample_table(metrics.confusion_matrix(label, predicted), resampling(trial + by, 300)))
            )
            for by, predicted in ((1000, a), (2000, b))
        ]
        unpaired.append(percentile(drawn[0] - drawn[1], LEVEL))
    assert covers(truths[0], weighted)
    assert covers(truths[1], macro)
    assert coverage(truths[1], unpaired)[0] > 0.99


def images_of(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cells = np.repeat(np.arange(table.size), table.ravel())
    return np.unravel_index(cells, table.shape)


@pytest.mark.parametrize(("only_a", "only_b"), [(0.0, 0.0), (0.003, 0.003), (0.02, 0.01), (0.15, 0.10)])
def test_the_difference_of_accuracies_is_covered_from_no_disagreement_to_much(only_a, only_b):
    rng, n = np.random.default_rng(10), 2100
    counts = rng.multinomial(n, [only_a, only_b, 1 - only_a - only_b], size=1000)
    share, error = coverage(only_a - only_b, [accuracy_difference(int(a), int(b), n, LEVEL) for a, b, _ in counts])
    assert share >= LEVEL - SLACK - error


@pytest.mark.parametrize("n", [10, 30])
def test_the_difference_of_accuracies_is_covered_on_few_images(n):
    """Exact, by summing over all outcomes, for every pair of shares up to 0.3."""
    from scipy.stats import multinomial

    counts = np.array([(a, b, n - a - b) for a in range(n + 1) for b in range(n + 1 - a)])
    ends = np.array(
        [
            (interval.low, interval.high)
            for interval in (accuracy_difference(a, b, n, LEVEL) for a, b, _ in counts.tolist())
        ]
    )
    found = []
    for only_a, only_b in product(np.linspace(0, 0.3, 7), repeat=2):
        held = (ends[:, 0] - 1e-9 <= only_a - only_b) & (only_a - only_b <= ends[:, 1] + 1e-9)
        found.append(multinomial.pmf(counts[held], n, [only_a, only_b, 1 - only_a - only_b]).sum())
    assert min(found) > 0.93
    assert np.mean(found) > LEVEL


def test_two_equal_models_are_called_different_in_at_most_five_percent_of_tests():
    rng = np.random.default_rng(11)
    p_values = np.array([mcnemar(int(a), 60 - int(a)) for a in rng.binomial(60, 0.5, size=2000)])
    assert (p_values <= 0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)
    assert (p_values <= 0.05).mean() > 0.02
