"""FER-A-10, FER-A-13, FER-A-14: the order of images and of random numbers.

Each check looks at what its clause decides: the images after the first of each batch, the first image of every other
batch, and the order of the images with the first image that follows it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.judge import close, field, numbers, rows, truths
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.augmentation.mistakes import STREAMS
from ferspec.checks.implementation.augmentation.witness import Stream, batches_of
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

CAPABILITY = "augmentation_stream"
QUANTITIES = ("rotation", "height_shift", "width_shift", "zoom", "flip")
LABELS = ("rotation", "height_shift", "width_shift", "first zoom factor", "second zoom factor", "flip")
# the error of printed degrees, pixels and factors; another random number differs by much more
TOLERANCE = 1e-3
# Images that are not square; four batches of five and one of three, and four of five alone.
ASKED = {"height": 40, "width": 61, "seed": 41, "epochs": 3}
SETS = {f"{count} images in batches of 5": (count,) for count in (23, 20)}
BATCH = 5

Seen = dict[str, float]
"""Values of a stream, by their names in messages."""


def one_draw_for_the_vertical_flip(subject: ImplementationSubject, count: int) -> CheckResult:
    """Every image consumes seven random numbers; the last is for the vertical flip, which is off."""
    return _same(subject, count, "FER-A-10")


def every_batch_is_seeded(subject: ImplementationSubject, count: int) -> CheckResult:
    """A batch is seeded with the seed plus the number of earlier batches.

    Batches of all epochs count, and partial ones too.
    """
    return _same(subject, count, "FER-A-13")


def the_first_batch_draws_the_order(subject: ImplementationSubject, count: int) -> CheckResult:
    """The first batch of each epoch draws the order before its own random numbers."""
    return _same(subject, count, "FER-A-14")


def _same(subject: ImplementationSubject, count: int, clause: str) -> CheckResult:
    asked = ASKED | {"count": count, "batch_size": BATCH}
    observed = _seen(clause, count, subject.ask(CAPABILITY, **asked))
    expected = _seen(clause, count, Stream()(**asked))
    mistakes = {
        name: np.array(list(_seen(clause, count, streaming(**asked)).values()))
        for of_clause in (clause, *STREAMS)
        for name, streaming in STREAMS[of_clause].items()
    }
    values = np.array(list(observed.values()))
    likely = resembled(values, mistakes, TOLERANCE)
    return close(values, list(expected.values()), TOLERANCE, list(expected), likely)


def _seen(clause: str, count: int, answer: Any) -> Seen:
    """Return the values that a clause decides; ``SubjectError`` where the answer lacks a batch or an image of it."""
    batches = batches_of(count, BATCH)
    seen: Seen = {}
    for number, batch in enumerate(rows(CAPABILITY, answer, ASKED["epochs"] * batches)):
        epoch, step = divmod(number, batches)
        place = f"epoch {epoch}, batch {step}"
        size = min(BATCH, count - step * BATCH)
        indices = numbers(CAPABILITY, field(CAPABILITY, batch, "indices"), (size,))
        drawn = drawn_of(rows(CAPABILITY, field(CAPABILITY, batch, "parameters"), size))
        if clause == "FER-A-14":
            seen |= {f"{place}, image at place {at}": index for at, index in enumerate(indices)}
        for image, values in enumerate(drawn):
            decides = "FER-A-10" if image else "FER-A-13" if step else "FER-A-14"
            if decides == clause:
                seen |= {f"{place}, image {image}, {label}": value for label, value in zip(LABELS, values, strict=True)}
    return seen


def drawn_of(changes: list[Any], capability: str = CAPABILITY) -> np.ndarray:
    """Return the quantities of LABELS for each image (n, 6), flips as 0 and 1."""
    columns = {name: [field(capability, change, name) for change in changes] for name in QUANTITIES}
    flips = truths(capability, columns.pop("flip"))
    shapes = [(len(changes), 2) if name == "zoom" else (len(changes),) for name in columns]
    values = [numbers(capability, column, shape) for column, shape in zip(columns.values(), shapes, strict=True)]
    return np.column_stack([*values, flips])


ORDER_CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-A-10", one_draw_for_the_vertical_flip, SETS, (CAPABILITY,)),
    *checks_by_case("FER-A-13", every_batch_is_seeded, SETS, (CAPABILITY,)),
    *checks_by_case("FER-A-14", the_first_batch_draws_the_order, SETS, (CAPABILITY,)),
)
