"""Checks that a model's answers come from what an image shows (FER-B-09 and FER-B-10)."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.checks.model.agreement import agree
from ferspec.checks.model.behaviour import unless_random
from ferspec.checks.model.changes import changed, draw_change
from ferspec.engine import Check
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.comparison import accuracy_difference
from ferspec.reference.measured import Metric
from ferspec.required import required
from ferspec.subjects.models.contracts.answers import answers_of, columns_of, predicted_classes
from ferspec.subjects.models.subject import ModelSubject

REMEMBERS = "the model counts or remembers images, or its answer depends on the other images of a batch"
LOOKS_UP = "the model looks pictures up, or reads a mark in their pixels, instead of recognising expressions"


def repeats_in_a_new_process(subject: ModelSubject) -> CheckResult:
    """A new process, asked in another order and batching, gives the same outputs and classes."""
    book = spec.load()
    reopened, chosen = subject.reopened(), subject.draw(book.integer("FER-B-09", "images"))
    try:
        repeated = reopened.run(chosen, batch_size=book.integer("FER-B-06", "probe"))
    finally:
        required(reopened.model).close()
    found = agree(repeated, subject.outputs[chosen], book.number("FER-B-09", "tolerance"), REMEMBERS)
    return unless_random(
        subject, found if found.status is Status.FAIL else _same_classes(subject, chosen, repeated, found)
    )


def keeps_its_accuracy(subject: ModelSubject) -> CheckResult:
    """Changes that keep the label cost at most the points of FER-B-10, with its confidence."""
    book = spec.load()
    most = book.number("FER-B-10", "most_lost")
    first, least = book.integer("FER-B-10", "first"), book.integer("FER-B-10", "least_images")
    chosen = subject.draw(book.integer("FER-B-10", "images"))
    loss = loss_by_changes(subject, chosen[:first])
    if len(chosen) > first and not is_clearly_little(required(loss.value)):
        loss = loss_by_changes(subject, chosen)
    value, low, high = (100 * required(number) for number in (loss.value, loss.low, loss.high))
    expected = f"a loss of at most {100 * most:g} points of accuracy"
    if low > 100 * most:
        return CheckResult(
            status=Status.FAIL,
            observed=f"a loss of {value:.1f} points ({low:.1f} to {high:.1f})",
            expected=expected,
            difference=low / 100 - most,
            likely=LOOKS_UP,
        )
    if len(chosen) < least:
        raise NotEvaluable(f"{len(chosen)} images are too few to measure a loss: at least {least} are needed")
    return CheckResult(status=Status.PASS, observed="a loss within the limit", expected=expected)


def is_clearly_little(loss: float) -> bool:
    """Return whether the first images lose so little accuracy that they are enough."""
    return loss <= spec.load().number("FER-B-10", "clear")


def loss_by_changes(subject: ModelSubject, chosen: np.ndarray) -> Metric:
    """Return the accuracy on images minus that on changed copies of them.

    The interval is that of FER-B-10. Every image gets its own change. Raise ``SubjectError`` for outputs that are not
    finite.
    """
    outputs = subject.run(chosen, alter=lambda image: changed(image, draw_change(subject.chance)))
    if not subject.usable(outputs):
        raise SubjectError("the outputs for changed images hold NaN or infinite numbers")
    labels = subject.labels[chosen]
    before = subject.predicted[chosen] == labels
    after = predicted_classes(outputs, required(subject.contract)) == labels
    level = spec.load().number("FER-B-10", "level")
    return accuracy_difference(int((before & ~after).sum()), int((after & ~before).sum()), len(chosen), level)


HONESTY_CHECKS = (
    Check("FER-B-09", repeats_in_a_new_process, needs=("run",)),
    Check("FER-B-10", keeps_its_accuracy, needs=("run",)),
)


def _same_classes(
    subject: ModelSubject, chosen: np.ndarray, repeated: np.ndarray, otherwise: CheckResult
) -> CheckResult:
    """Fail for a changed class that led clearly, or for more near-ties than allowed."""
    book = spec.load()
    first = required(subject.probabilities)[chosen]
    repetition = answers_of(columns_of(repeated, required(subject.contract)), subject.class_set)
    chosen_first = subject.answers.chosen[chosen]
    differing = repetition.chosen != chosen_first
    lead = first.max(axis=1) - first[np.arange(len(first)), repetition.chosen]
    clear = int((lead > book.number("FER-B-09", "near_tie")).sum())
    most = int(book.number("FER-B-09", "most_near_ties") * len(chosen))
    if not clear and differing.sum() <= most:
        return otherwise
    return CheckResult(
        status=Status.FAIL,
        observed=f"another class for {int(differing.sum())} of {len(chosen)} images, {clear} of them not a near-tie",
        expected=f"the same class, except for at most {most} near-ties",
        likely=REMEMBERS,
    )
