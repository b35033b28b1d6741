"""Names why outputs are not probabilities. Each cause is tested on the data before it is named (FER-B-04)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ferspec import spec
from ferspec.checks.model.class_order import best_assignment
from ferspec.reference.distributions import allowed, excess, step_of

LOGITS = "the model gives logits: {declare}"
LOGARITHMS = "the outputs are logarithms of probabilities: {declare}, which undoes the logarithm"
PERCENTAGES = "percentages: every row sums to about 100: divide the values by 100"
SCALED = "every row sums to about {middle:.4g} (255: bytes): divide the values by this sum"
DROPPED = (
    "a column was left out, such as an eighth class: every value is in [0, 1], and the rows sum to {least:.3g} to "
    "{most:.3g}, at most 1"
)
SIGMOID = (
    "a sigmoid was applied to each column: every value is in [0, 1], but the rows sum to {least:.3g} to {most:.3g}; "
    "declaring them as logits would be wrong too"
)
# what to do about logits, in a contract and in a table
DECLARED = 'declare kind = "logits" in the contract\'s [output], for their softmax'
WRITTEN = "write their softmax"
ROUNDED = "the probabilities were rounded to multiples of {step:.3g}: record more digits"


def cause_of(rows: np.ndarray, labels: np.ndarray, recorded: bool = False) -> str | None:
    """Return what finite rows (n, k) are instead of distributions, if the data show it.

    Rows ``recorded`` in a table have no contract.
    """
    sums, step = rows.sum(axis=1), step_of(rows)
    words = {"least": sums.min(), "middle": np.median(sums), "most": sums.max(), "step": step or 0.0}
    words["declare"] = WRITTEN if recorded else DECLARED
    for cause, holds in CAUSES.items():
        if holds(rows, labels):
            return cause.format(**words)
    return None


def _percentages(rows: np.ndarray, labels: np.ndarray) -> bool:
    return _scaled(rows, labels) and math.isclose(float(np.median(rows.sum(axis=1))), 100, rel_tol=1e-3)


def _scaled(rows: np.ndarray, labels: np.ndarray) -> bool:
    middle = float(np.median(rows.sum(axis=1)))
    return middle > 1 and excess(rows / middle) <= allowed(rows / middle)


def _logarithms(rows: np.ndarray, labels: np.ndarray) -> bool:
    return rows.max() <= 0 and excess(np.exp(rows)) <= allowed(np.exp(rows))


def _logits(rows: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether values leave [0, 1] and their softmax explains the labels.

    It must do so better than a flatter and a steeper softmax. Where nearly all predictions are right, a steeper one
    always does better, and is not compared.
    """
    if _in_unit_interval(rows):
        return False
    # the class order may be wrong as well
    true = np.argsort(best_assignment(labels, rows.argmax(axis=1)))[labels]
    times = spec.load().number("FER-B-04", "steepness")
    flatter, same, steeper = (_log_loss(rows.astype(float) * scale, true) for scale in (1 / times, 1.0, times))
    return same < flatter and same < max(steeper, math.log(2))


def _rounded(rows: np.ndarray, labels: np.ndarray) -> bool:
    step = step_of(rows)
    return _in_unit_interval(rows) and step is not None and step < 1 and excess(rows) <= rows.shape[1] * step


def _dropped(rows: np.ndarray, labels: np.ndarray) -> bool:
    return _sigmoid(rows, labels) and bool(rows.sum(axis=1).max() <= 1 + allowed(rows))


def _sigmoid(rows: np.ndarray, labels: np.ndarray) -> bool:
    return _in_unit_interval(rows) and bool(np.ptp(rows.sum(axis=1)) > allowed(rows))


CAUSES: dict[str, Callable[[np.ndarray, np.ndarray], bool]] = {
    PERCENTAGES: _percentages,
    SCALED: _scaled,
    LOGARITHMS: _logarithms,
    LOGITS: _logits,
    ROUNDED: _rounded,
    DROPPED: _dropped,
    SIGMOID: _sigmoid,
}


def _in_unit_interval(rows: np.ndarray) -> bool:
    tolerance = spec.load().number("FER-B-04", "tolerance")
    return bool(rows.min() >= -tolerance and rows.max() <= 1 + tolerance)


def _log_loss(logits: np.ndarray, true: np.ndarray) -> float:
    from scipy.special import logsumexp

    return float((logsumexp(logits, axis=1) - logits[np.arange(len(true)), true]).mean())
