"""Measures how far rows are from distributions, and how far rounding explains it (FER-B-04)."""

from __future__ import annotations

import numpy as np

from ferspec import spec

# the largest relative error of a number rounded to bfloat16, which has the upper half of the bits of float32
BFLOAT16 = 2.0**-8
# with few images, the smallest difference between values may be one of these numbers of steps
STEPS = (1, 2, 3)
# the largest share of a step by which float32 misses a multiple
MISSED = 1e-3


def excess(rows: np.ndarray) -> float:
    """Return by how much finite rows (n, k) miss a distribution: a sum that is not 1, or a value below 0."""
    rows = np.asarray(rows, np.float64)
    return float(max(np.abs(rows.sum(axis=1) - 1).max(), -rows.min()))


def allowed(rows: np.ndarray) -> float:
    """Return by how much rows (n, k) may miss a distribution: the tolerance, or what their number format explains.

    Values that are multiples of a step, at most the largest one of FER-B-04, are off by half a step each; so are those
    of an 8-bit softmax. Values of bfloat16 are off by their relative rounding error.
    """
    book = spec.load()
    rounding = [book.number("FER-B-04", "tolerance")]
    step = step_of(rows)
    if step is not None and step <= book.number("FER-B-04", "largest_step"):
        rounding.append(rows.shape[1] * step / 2)
    if not (np.asarray(rows, np.float32).view(np.uint32) & 0xFFFF).any():
        rounding.append(BFLOAT16)
    return max(rounding)


def step_of(rows: np.ndarray) -> float | None:
    """Return the step of which all values of rows are multiples, or None."""
    values = np.unique(np.append(np.asarray(rows, np.float64), 0.0))
    if len(values) < 2:
        return None
    gap = float(np.diff(values).min())
    for parts in STEPS:
        multiples = values / (gap / parts)
        if np.abs(multiples - np.rint(multiples)).max() <= MISSED:
            return gap / parts
    return None
