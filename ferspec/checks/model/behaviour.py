"""Checks a model's behaviour, independent of its accuracy (FER-B-01 to FER-B-07)."""

import numpy as np

from ferspec import spec
from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.required import required
from ferspec.subjects.models.subject import ModelSubject

OVERFLOW = "the value range of the input overflows, or the weights hold NaN"


def loads(subject: ModelSubject) -> CheckResult:
    """The model loads and answers one image prepared as its contract says."""
    subject.run(subject.spread(1))
    return CheckResult(status=Status.PASS, observed=f"{required(subject.model).format} model answers")


def gives_seven_columns(subject: ModelSubject) -> CheckResult:
    """The output has one row per image and one column per class."""
    rows, columns = subject.outputs.shape
    expected = (len(subject.dataset), len(spec.load().classes))
    return _same(
        f"{rows} × {columns}",
        f"{expected[0]} × {expected[1]}",
        (rows, columns) == expected,
        difference=float(columns - expected[1]),
        likely="the model was trained for other classes, or its classifier was not replaced",
    )


def gives_finite_numbers(subject: ModelSubject) -> CheckResult:
    """No output is NaN or infinite."""
    outputs = subject.outputs if subject.model is not None else required(subject.probabilities)
    bad = int((~np.isfinite(outputs)).any(axis=1).sum())
    return _same(
        f"{bad} of {len(outputs)} images with NaN or infinite output",
        "none",
        bad == 0,
        difference=float(bad),
        likely=OVERFLOW,
    )


def gives_probabilities(subject: ModelSubject) -> CheckResult:
    """Every row is non-negative and sums to one, after softmax where the contract declares logits."""
    tolerance = spec.load().number("FER-B-04", "tolerance")
    rows = np.asarray(subject.probabilities, dtype=np.float64)
    if not np.isfinite(rows).all():
        return _not_finite(rows, f"at most {tolerance:g}", OVERFLOW)
    excess = float(max(np.abs(rows.sum(axis=1) - 1).max(), -rows.min()))
    return _same(
        f"rows off by up to {excess:.4g}",
        f"at most {tolerance:g}",
        excess <= tolerance,
        difference=excess - tolerance,
        likely='the model gives logits: declare kind = "logits" in the contract\'s [output]',
    )


def is_deterministic(subject: ModelSubject) -> CheckResult:
    """The same images give the same output twice."""
    chosen = probe(subject)
    first, second = (subject.run(chosen, batch_size=len(chosen)) for _ in range(2))
    likely = "dropout or another random layer is active at inference"
    return _close(first, second, spec.load().number("FER-B-05", "tolerance"), likely)


def ignores_batch_size(subject: ModelSubject) -> CheckResult:
    """An image has the same output alone, in batches of 32 and in one batch."""
    chosen = probe(subject)
    single = chosen[: spec.load().integer("FER-B-06", "alone")]
    in_one_batch = subject.run(chosen, batch_size=len(chosen))
    singly = subject.run(single, batch_size=1)
    in_batches = subject.outputs[chosen]
    observed = np.concatenate([in_one_batch, singly])
    expected = np.concatenate([in_batches, in_batches[: len(single)]])
    likely = "batch normalisation uses the statistics of the batch (training mode)"
    return _close(observed, expected, spec.load().number("FER-B-06", "tolerance"), likely)


def ignores_order(subject: ModelSubject) -> CheckResult:
    """Every image keeps its output when all images change their position."""
    chosen = probe(subject)
    cycle = np.random.default_rng(spec.load().integer("FER-B-07", "seed")).permutation(len(chosen))
    order = np.empty_like(cycle)
    order[cycle] = np.roll(cycle, 1)
    reordered = np.empty_like(subject.outputs[chosen])
    reordered[order] = subject.run(chosen[order])
    likely = "the model keeps state between images or mixes the images of a batch"
    return _close(reordered, subject.outputs[chosen], spec.load().number("FER-B-07", "tolerance"), likely)


def probe(subject: ModelSubject) -> np.ndarray:
    """Return the indices of the few images to probe, spread evenly over the classes."""
    return subject.spread(spec.load().integer("FER-B-06", "probe"))


MODEL_CHECKS = (
    Check("FER-B-01", loads, needs=("run",)),
    Check("FER-B-02", gives_seven_columns, needs=("run",)),
    Check("FER-B-03", gives_finite_numbers, needs=("probabilities",)),
    Check("FER-B-04", gives_probabilities, needs=("probabilities",)),
    Check("FER-B-05", is_deterministic, needs=("run",)),
    Check("FER-B-06", ignores_batch_size, needs=("run",)),
    Check("FER-B-07", ignores_order, needs=("run",)),
)

ESSENTIAL = MODEL_CHECKS[:3]


def _same(observed: str, expected: str, holds: bool, difference: float, likely: str) -> CheckResult:
    if holds:
        return CheckResult(status=Status.PASS, observed=observed, expected=expected)
    return CheckResult(status=Status.FAIL, observed=observed, expected=expected, difference=difference, likely=likely)


def _close(observed: np.ndarray, expected: np.ndarray, tolerance: float, likely: str) -> CheckResult:
    """Compare outputs relative to their largest magnitude, so that one tolerance serves logits and probabilities."""
    for outputs in (observed, expected):
        if not np.isfinite(outputs).all():
            return _not_finite(outputs, f"at most {tolerance:g}", likely)
    scale = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(observed.astype(np.float64) - expected).max()) / scale
    message = f"outputs differ by up to {difference:.3g}"
    return _same(message, f"at most {tolerance:g}", difference <= tolerance, difference - tolerance, likely)


def _not_finite(outputs: np.ndarray, expected: str, likely: str) -> CheckResult:
    bad = int((~np.isfinite(outputs)).any(axis=1).sum())
    observed = f"{bad} of {len(outputs)} outputs with NaN or infinite numbers"
    return CheckResult(status=Status.FAIL, observed=observed, expected=expected, likely=likely)
