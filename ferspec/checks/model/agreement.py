"""Compares the outputs of two runs of a model, and words the result."""

from __future__ import annotations

import numpy as np

from ferspec.outcomes import CheckResult, Status


def agree(observed: np.ndarray, expected: np.ndarray, tolerance: float, likely: str) -> CheckResult:
    """Compare outputs (n, k) relative to their largest magnitude.

    So one tolerance serves logits and probabilities. Images without an answer in both are the same. A pass has the same
    words in every run; only a failure says by how much the outputs differ.
    """
    limit = f"a difference of at most {tolerance:g}"
    answered = ~(unanswered(observed) & unanswered(expected))
    if not answered.any():
        return CheckResult(status=Status.PASS, observed="the same outputs", expected=limit)
    observed, expected = observed[answered], expected[answered]
    for outputs in (observed, expected):
        if not np.isfinite(outputs).all():
            return not_finite(outputs, limit, likely)
    scale = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(observed.astype(np.float64) - expected).max()) / scale
    if difference <= tolerance:
        return CheckResult(status=Status.PASS, observed="the same outputs", expected=limit)
    return CheckResult(
        status=Status.FAIL,
        observed=f"outputs differ by up to {difference:.3g}",
        expected=limit,
        difference=difference - tolerance,
        likely=likely,
    )


def unanswered(outputs: np.ndarray) -> np.ndarray:
    """Return which rows (n, k) hold NaN alone, which stands for a missing answer."""
    return np.asarray(np.isnan(outputs).all(axis=1))


def not_finite(outputs: np.ndarray, expected: str, likely: str) -> CheckResult:
    """Return a failure that counts the rows with NaN or infinite numbers."""
    bad = int((~np.isfinite(outputs)).any(axis=1).sum())
    observed = f"{bad} of {len(outputs)} outputs with NaN or infinite numbers"
    return CheckResult(status=Status.FAIL, observed=observed, expected=expected, likely=likely)
