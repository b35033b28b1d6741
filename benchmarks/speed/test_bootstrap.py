"""10,000 bootstrap replicates of accuracy and macro precision, recall and F1, against resampling with scikit-learn.

Both methods are timed alternately in one run, and their ratio is judged: it depends little on machine and load.
scikit-learn is timed on a few replicates and extrapolated linearly: each of its replicates does the same work.
"""

from statistics import median

import numpy as np
import pytest

from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling, resample_table

pytestmark = [pytest.mark.speed, pytest.mark.timeout(1800)]

IMAGES, REPLICATES, TIMED, TURNS, LEAST_RATIO = 2100, 10_000, 30, 5, 250
METRICS = (metrics.precision, metrics.recall, metrics.f1)


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray]:
    """A test set in the BTFER form and a model that is right on about 55 % of it."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(7), IMAGES // 7)
    return labels, np.where(rng.random(IMAGES) < 0.475, labels, rng.integers(7, size=IMAGES))


def with_multinomials(labels: np.ndarray, predicted: np.ndarray, replicates: int) -> np.ndarray:
    """Return (replicates, 4): accuracy, then macro precision, recall and F1."""
    tables = resample_table(metrics.confusion_matrix(labels, predicted), Resampling(0.95, replicates, seed=1))
    return np.column_stack([metrics.accuracy(tables), *(metrics.macro(metric(tables)) for metric in METRICS)])


def with_scikit_learn(labels: np.ndarray, predicted: np.ndarray, replicates: int) -> np.ndarray:
    """Return the same metrics of resampled images, one replicate after the other."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    rng, found = np.random.default_rng(1), []
    for _ in range(replicates):
        images = rng.integers(len(labels), size=len(labels))
        drawn = labels[images], predicted[images]
        averages = precision_recall_fscore_support(*drawn, labels=range(7), average="macro", zero_division=0)
        found.append([accuracy_score(*drawn), *averages[:3]])
    return np.array(found)


def test_multinomial_draws_are_at_least_250_times_faster_than_resampling_with_scikit_learn(answers, in_turns, note):
    ours, theirs = with_multinomials(*answers, 2000), with_scikit_learn(*answers, 200)
    error = theirs.std(axis=0) / np.sqrt(len(theirs))
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) <= 5 * error).all(), "both measure the same"

    turns = in_turns(lambda: with_multinomials(*answers, REPLICATES), lambda: with_scikit_learn(*answers, TIMED), TURNS)
    ratio = median(slow * REPLICATES / TIMED / fast for fast, slow in turns)
    note(ratio=ratio, least=LEAST_RATIO)
    assert ratio >= LEAST_RATIO
