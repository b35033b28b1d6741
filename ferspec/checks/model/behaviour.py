"""Checks a model's behaviour, independent of its accuracy (FER-B-01 to FER-B-07)."""

import numpy as np

from ferspec import spec
from ferspec.checks.model.agreement import agree, not_finite, unanswered
from ferspec.checks.model.columns import cause_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.distributions import allowed, excess
from ferspec.required import required
from ferspec.subjects.models.subject import ModelSubject

RANDOM = "see FER-B-05: the same batch gives other outputs each time, so the cause is neither batch nor order"
OVERFLOW = "the value range of the input overflows, or the weights hold NaN"


def loads(subject: ModelSubject) -> CheckResult:
    """The model loads and answers one image prepared as its contract says."""
    _ = subject.first_output
    return CheckResult(status=Status.PASS, observed=f"{required(subject.model).format} model answers")


def gives_its_columns(subject: ModelSubject) -> CheckResult:
    """The output has one row per image and one column per class of the contract."""
    expected = (len(subject.dataset), len(subject.class_set.classes))
    # an output of another width is found by one image, before all are run
    columns = subject.first_output.shape[1]
    rows = len(subject.outputs) if columns == expected[1] else len(subject.dataset)
    return _same(
        f"{rows} × {columns}",
        f"{expected[0]} × {expected[1]}",
        (rows, columns) == expected,
        difference=float(columns - expected[1]),
        likely="the model was trained for other classes, or its classifier was not replaced",
    )


def gives_finite_numbers(subject: ModelSubject) -> CheckResult:
    """No output is NaN or infinite.

    Rows of NaN by which a function or a table leaves answers out do not count, unless all are.
    """
    outputs = subject.outputs if subject.model is not None else required(subject.distributions)
    missing = unanswered(outputs) & subject.may_abstain
    bad = len(outputs) if missing.all() else int((~np.isfinite(outputs[~missing])).any(axis=1).sum())
    return _same(
        f"{bad} of {len(outputs)} images with NaN or infinite output",
        "none",
        bad == 0,
        difference=float(bad),
        likely=OVERFLOW,
    )


def gives_probabilities(subject: ModelSubject) -> CheckResult:
    """Every row is non-negative and sums to one, after softmax where the contract declares logits."""
    rows = required(subject.distributions)
    answered = ~unanswered(rows)
    rows, labels = rows[answered], subject.labels[answered]
    if not np.isfinite(rows).all():
        return not_finite(rows, "every row is a distribution", OVERFLOW)
    off, limit = excess(rows), allowed(rows)
    return _same(
        # a pass has the same words in every run
        "every row is a distribution" if off <= limit else f"rows off by up to {off:.4g}",
        f"rows off by at most {limit:.3g}",
        off <= limit,
        difference=off - limit,
        likely=cause_of(rows, labels, subject.model is None) if off > limit else None,
    )


def is_deterministic(subject: ModelSubject) -> CheckResult:
    """The same images, asked twice in the same order, give the same output."""
    likely = "dropout or another random layer is active at inference"
    return agree(subject.probe_again, subject.probe.outputs, spec.load().number("FER-B-05", "tolerance"), likely)


def ignores_batch_size(subject: ModelSubject) -> CheckResult:
    """An image has the same output alone and in batches of either size."""
    probe = subject.probe
    single = probe.indices[: spec.load().integer("FER-B-06", "alone")]
    observed = np.concatenate([probe.outputs, subject.run(single, batch_size=1)])
    expected = subject.outputs[np.concatenate([probe.indices, single])]
    likely = "batch normalisation uses the statistics of the batch (training mode)"
    return unless_random(subject, agree(observed, expected, spec.load().number("FER-B-06", "tolerance"), likely))


def ignores_order(subject: ModelSubject) -> CheckResult:
    """Every image keeps its output when all images of a batch change their position."""
    probe = subject.probe
    # one cycle through all places, so that every image moves
    cycle = np.asarray(subject.chance.sample(range(len(probe.indices)), len(probe.indices)))
    order = np.empty_like(cycle)
    order[cycle] = np.roll(cycle, 1)
    reordered = subject.in_one_batch(probe.indices[order])
    likely = "the model keeps state between images or mixes the images of a batch"
    expected = np.concatenate([probe.outputs[order], subject.outputs[probe.indices[order]]])
    found = agree(np.concatenate([reordered, reordered]), expected, spec.load().number("FER-B-07", "tolerance"), likely)
    return unless_random(subject, found)


def unless_random(subject: ModelSubject, found: CheckResult) -> CheckResult:
    """Return a result; a failure refers to FER-B-05 instead of a cause if the same batch twice fails as well."""
    if found.status is Status.FAIL and is_deterministic(subject).status is Status.FAIL:
        return found.model_copy(update={"likely": RANDOM})
    return found


MODEL_CHECKS = (
    Check("FER-B-01", loads, needs=("run",)),
    Check("FER-B-02", gives_its_columns, needs=("run",)),
    Check("FER-B-03", gives_finite_numbers, needs=("probabilities",)),
    Check("FER-B-04", gives_probabilities, needs=("probabilities",)),
    Check("FER-B-05", is_deterministic, needs=("run",)),
    Check("FER-B-06", ignores_batch_size, needs=("run",)),
    Check("FER-B-07", ignores_order, needs=("run",)),
)

ESSENTIAL = MODEL_CHECKS[:3]


def _same(observed: str, expected: str, holds: bool, difference: float, likely: str | None) -> CheckResult:
    if holds:
        return CheckResult(status=Status.PASS, observed=observed, expected=expected)
    return CheckResult(status=Status.FAIL, observed=observed, expected=expected, difference=difference, likely=likely)
