"""Finds predictions that say nothing about the labels, as rows in another order do. Source: FER-Z-05."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.checks.model.class_order import best_assignment
from ferspec.reference.distributions import allowed, excess
from ferspec.reference.intervals import proportion
from ferspec.required import required


def are_unrelated(labels: np.ndarray, predicted: np.ndarray, rows: np.ndarray | None) -> bool:
    """Return whether predictions (n,) say nothing about the labels, although a weak model would.

    The classes must be independent of the labels, and so few right that the weakest model considered gives as few with
    a small probability. Probabilities (n, k) must be confident, and must not rank the true class before the others.
    """
    alpha, weak_level = _number("alpha"), _number("weak_level")
    shares = None if rows is None else _shares(rows)
    if len(labels) < _number("least_unrelated") or _of_weak_model(labels, predicted) > (
        alpha if shares is None else weak_level
    ):
        return False
    if shares is not None and not (_confident(labels, predicted, shares) and _of_ranks(labels, shares) > alpha):
        return False
    return _of_independence(labels, predicted) > alpha


def _shares(rows: np.ndarray) -> np.ndarray | None:
    """Return rows (n, k) divided by their common sum, as percentages need; None if they are not distributions then."""
    rows = np.asarray(rows, float)
    middle = float(np.median(rows.sum(axis=1))) if np.isfinite(rows).all() else 0.0
    return rows / middle if middle > 0 and excess(rows / middle) <= allowed(rows / middle) else None


def _confident(labels: np.ndarray, predicted: np.ndarray, shares: np.ndarray) -> bool:
    """Return whether the mean confidence is above the accuracy in any order of the classes."""
    best = int((best_assignment(labels, predicted)[predicted] == labels).sum())
    level = spec.load().number("FER-Z-01", "level")
    return bool(shares.max(axis=1).mean() > required(proportion(best, len(labels), level).high))


def _of_weak_model(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return the probability that a weak model is right as rarely as these predictions.

    Its accuracy is as far above that of chance, relative to what is left, as ``weak`` is on balanced classes.
    """
    from scipy.stats import binom

    count, n = len(spec.load().classes), len(labels)
    kappa = (_number("weak") - 1 / count) / (1 - 1 / count)
    chance = float((np.bincount(labels, minlength=count) * np.bincount(predicted, minlength=count)).sum() / n**2)
    return float(binom.cdf(int((labels == predicted).sum()), n, chance + kappa * (1 - chance)))


def _of_ranks(labels: np.ndarray, shares: np.ndarray) -> float:
    """Return the probability that rows in a random order rank the true classes as well.

    The sum of the ranks is normal under random permutations, with the variance of Hoeffding.
    """
    from scipy.stats import norm, rankdata

    count, n = len(spec.load().classes), len(labels)
    ranks = rankdata(shares[:, :count], axis=1)
    weights = np.bincount(labels, minlength=count)
    means = ranks @ weights / n
    centred = ranks - means[:, None] - ranks.mean(axis=0) + means.mean()
    variance = float((centred**2 @ weights).sum() / (n - 1))
    gain = float(ranks[np.arange(n), labels].sum() - means.sum())
    return float(norm.sf(gain / np.sqrt(variance))) if variance > 0 else 1.0


def _of_independence(labels: np.ndarray, predicted: np.ndarray) -> float:
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import crosstab

    return float(chi2_contingency(crosstab(labels, predicted).count).pvalue)


def _number(name: str) -> float:
    return spec.load().number("FER-Z-05", name)
