"""FER-A-10, FER-A-13, FER-A-14: in which order images come and random numbers are drawn, so that a seed tells all.

What is expected is drawn here with NumPy's RandomState, number by number, as the clauses say. Each check looks at what
its clause decides: the order of the images and the first image that follows it, the first image of every other batch,
and in all batches the images after the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import (
    close,
    equal,
    field,
    first_failure,
    judge_each,
    numbers,
    rows,
    truths,
)
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

CAPABILITY = "augmentation_stream"
# NumberedImages that are not square.
EPOCHS, SEED, HEIGHT, WIDTH = 3, 41, 40, 61
QUANTITIES = ("rotation", "height_shift", "width_shift", "zoom", "flip")
LABELS = ("rotation", "height_shift", "width_shift", "first zoom", "second zoom", "flip")
# Degrees, pixels and factors that printing may cost; another random number is far off.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Batch:
    """The images of one batch: ``indices`` (b,), and ``drawn`` (b, 6), the quantities of LABELS."""

    epoch: int
    step: int
    indices: np.ndarray
    drawn: np.ndarray

    def named(self, image: int) -> list[str]:
        """Return what the quantities of one image are called in messages."""
        return [f"epoch {self.epoch}, batch {self.step}, image {image}, {label}" for label in LABELS]


@dataclass(frozen=True)
class NumberedImages:
    """How many images are asked for, and in batches of how many."""

    count: int
    batch: int

    @property
    def batches(self) -> int:
        """How many batches an epoch has, a partial one counted."""
        return -(-self.count // self.batch)

    def size(self, step: int) -> int:
        """Return how many images a batch has."""
        return min(self.batch, self.count - step * self.batch)


# Four batches of five and one of three; and four of five alone.
SETS = (NumberedImages(23, 5), NumberedImages(20, 5))


def answered(subject: ImplementationSubject, images: NumberedImages) -> list[Batch]:
    """Return the batches of an answer; ``SubjectError`` where it has not as many images as were asked for."""
    asked = {"count": images.count, "batch_size": images.batch, "seed": SEED, "epochs": EPOCHS}
    answer = rows(CAPABILITY, subject.ask(CAPABILITY, height=HEIGHT, width=WIDTH, **asked), EPOCHS * images.batches)
    batches = []
    for number, batch in enumerate(answer):
        epoch, step = divmod(number, images.batches)
        size = images.size(step)
        indices = numbers(CAPABILITY, field(CAPABILITY, batch, "indices"), (size,))
        changes = rows(CAPABILITY, field(CAPABILITY, batch, "parameters"), size)
        *columns, flips = [[field(CAPABILITY, change, name) for change in changes] for name in QUANTITIES]
        shapes = [(size, 2) if name == "zoom" else (size,) for name in QUANTITIES[:-1]]
        values = [numbers(CAPABILITY, column, shape) for column, shape in zip(columns, shapes, strict=True)]
        values.append(truths(CAPABILITY, flips))
        batches.append(Batch(epoch, step, indices, np.column_stack(values)))
    return batches


def drawn(
    images: NumberedImages,
    number: Callable[[int, int], int] | None = None,
    vertical_flip: bool = True,
    order_first: bool = True,
) -> list[Batch]:
    """Return the batches as the clauses say; each argument departs from one of them."""
    batches = []
    for epoch in range(EPOCHS):
        for step in range(images.batches):
            numbered = epoch * images.batches + step if number is None else number(epoch, step)
            state = np.random.RandomState(SEED + numbered)
            if step == 0 and order_first:
                order = state.permutation(images.count)
            values = np.array([_image(state, vertical_flip) for _ in range(images.size(step))])
            if step == 0 and not order_first:
                order = state.permutation(images.count)
            indices = order[step * images.batch :][: images.size(step)]
            batches.append(Batch(epoch, step, indices, values))
    return batches


def _image(state: np.random.RandomState, vertical_flip: bool) -> list[float]:
    number = spec.load().number
    rotation, zoom = number("FER-A-02", "rotation_degrees"), number("FER-A-04", "zoom")
    height, width = number("FER-A-03", "height_shift"), number("FER-A-03", "width_shift")
    changed = [
        state.uniform(-rotation, rotation),
        state.uniform(-height, height) * HEIGHT,
        state.uniform(-width, width) * WIDTH,
        *state.uniform(1 - zoom, 1 + zoom, 2),
        state.random_sample() < number("FER-A-05", "flip_probability"),
    ]
    if vertical_flip:
        state.random_sample()
    return changed


def one_draw_for_the_vertical_flip(subject: ImplementationSubject) -> CheckResult:
    """FER-A-10."""

    def judged(images: NumberedImages) -> CheckResult:
        mistakes = {"no random number is drawn for the vertical flip": drawn(images, vertical_flip=False)}
        expected = drawn(images)
        later = [(number, image) for number, batch in enumerate(expected) for image in range(1, len(batch.indices))]
        return _same_changes(images, answered(subject, images), expected, later, mistakes)

    return judge_each(judged, SETS)


def every_batch_is_seeded(subject: ImplementationSubject) -> CheckResult:
    """FER-A-13."""

    def judged(images: NumberedImages) -> CheckResult:
        whole, part = divmod(images.count, images.batch)
        mistakes = {
            "batches are counted anew in each epoch": drawn(images, lambda epoch, step: step),
            "seeded once an epoch": drawn(images, lambda epoch, step: epoch),
            "every batch is seeded alike": drawn(images, lambda epoch, step: 0),
            "batches are counted from 1": drawn(images, lambda epoch, step: epoch * images.batches + step + 1),
        }
        if part:
            mistakes["partial batches are not counted"] = drawn(images, lambda epoch, step: epoch * whole + step)
        else:
            mistakes["a partial batch is counted though all fit"] = drawn(
                images, lambda epoch, step: epoch * (whole + 1) + step
            )
        expected = drawn(images)
        first = [(number, 0) for number, batch in enumerate(expected) if batch.step]
        return _same_changes(images, answered(subject, images), expected, first, mistakes)

    return judge_each(judged, SETS)


def the_first_batch_draws_the_order(subject: ImplementationSubject) -> CheckResult:
    """FER-A-14."""

    def judged(images: NumberedImages) -> CheckResult:
        observed, expected = answered(subject, images), drawn(images)
        mistakes = {
            "the order is drawn after the changes of the first batch": drawn(images, order_first=False),
            "one order for all epochs": drawn(images, lambda epoch, step: 0),
            "batches are counted from 1": drawn(images, lambda epoch, step: epoch * images.batches + step + 1),
        }
        orders = {name: _orders(batches) for name, batches in mistakes.items()}
        orders["images are not shuffled"] = np.array([range(images.count)] * EPOCHS)
        likely = resembled(_orders(observed), orders, 0.0)
        findings = [
            equal(own.tolist(), wanted.tolist(), f"{images.count} images, epoch {epoch}", likely)
            for epoch, (own, wanted) in enumerate(zip(_orders(observed), _orders(expected), strict=True))
        ]
        first = [(epoch * images.batches, 0) for epoch in range(EPOCHS)]
        return first_failure([*findings, _same_changes(images, observed, expected, first, mistakes)])

    return judge_each(judged, SETS)


def _orders(batches: list[Batch]) -> np.ndarray:
    """Return the images of each epoch (EPOCHS, count)."""
    return np.concatenate([batch.indices for batch in batches]).astype(int).reshape(EPOCHS, -1)


def _same_changes(
    images: NumberedImages,
    observed: list[Batch],
    expected: list[Batch],
    chosen: list[tuple[int, int]],
    mistakes: dict[str, list[Batch]],
) -> CheckResult:
    """Compare the changes of some images: pairs of the number of a batch and the place in it."""

    def of(batches: list[Batch]) -> np.ndarray:
        return np.array([batches[number].drawn[image] for number, image in chosen])

    names = [f"{images.count} images, {name}" for number, image in chosen for name in observed[number].named(image)]
    likely = resembled(of(observed), {name: of(batches) for name, batches in mistakes.items()}, TOLERANCE)
    return close(of(observed), of(expected), TOLERANCE, names, likely)


ORDER_CHECKS = (
    Check("FER-A-10", one_draw_for_the_vertical_flip, needs=(CAPABILITY,)),
    Check("FER-A-13", every_batch_is_seeded, needs=(CAPABILITY,)),
    Check("FER-A-14", the_first_batch_draws_the_order, needs=(CAPABILITY,)),
)
