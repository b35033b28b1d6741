"""Checks on the augmentation of training images: draws, pixels, order and images concerned (FER-A)."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, numbers, rows
from ferspec.checks.implementation.augmentation.draws import DRAW_CHECKS, nothing_else
from ferspec.checks.implementation.augmentation.order import ORDER_CHECKS
from ferspec.checks.implementation.augmentation.pixels import PIXEL_CHECKS
from ferspec.checks.implementation.augmentation.witness import DEGREES, FLIPPED, SHIFT, ZOOM
from ferspec.checks.implementation.networks.known import networks_of, require
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

CAPABILITY = "augmentation_ranges"
# the error of single precision
EQUAL = 1e-6
RANGES = {
    "rotation_degrees": DEGREES,
    "width_shift": SHIFT,
    "height_shift": SHIFT,
    "zoom": ZOOM,
    "flip_probability": FLIPPED,
}
CLAUSES = {
    "rotation_degrees": "FER-A-02",
    "width_shift": "FER-A-03",
    "height_shift": "FER-A-03",
    "zoom": "FER-A-04",
    "flip_probability": "FER-A-05",
}


def only_training_images(subject: ImplementationSubject) -> CheckResult:
    """Training images are augmented; those of the validation set and of BTFER are not (paper 4.2)."""
    observed = sorted(map(str, rows("augmented_splits", subject.ask("augmented_splits"))))
    evaluated = [split for split in observed if split != "training"]
    likely = (
        f"images of {' and '.join(evaluated)} are changed, though networks are evaluated on them"
        if evaluated
        else "the images that are trained on are left unchanged"
    )
    return equal(observed, ["training"], likely=likely)


def is_the_range(subject: ImplementationSubject, name: str) -> CheckResult:
    """The stated range is that of the paper (4.2)."""
    return close(_range(_first_offered(subject), name), RANGES[name], EQUAL, [name], f"another {name}")


def no_other_range(subject: ImplementationSubject) -> CheckResult:
    """No range of any other random transformation is stated."""
    return nothing_else(_first_offered(subject), RANGES, "ranges", _draws_nothing)


def the_same_for_every_network(subject: ImplementationSubject, network: str) -> CheckResult:
    """All models are trained with the same augmentation (paper 4.2)."""
    require(subject, network)
    own, first = subject.ask(CAPABILITY, architecture=network), _first_offered(subject)
    ranges, expected = ([_range(answer, name) for name in RANGES] for answer in (own, first))
    as_first = {*RANGES, *(name for name, value in first.items() if own.get(name) == value)}
    return first_failure(
        [
            close(ranges, expected, EQUAL, list(RANGES), "this network has ranges of its own"),
            nothing_else(own, as_first, f"ranges of {network}", _draws_nothing),
        ]
    )


def _range(answer: Any, name: str) -> float:
    return float(numbers(CAPABILITY, field(CAPABILITY, answer, name), ()))


def _first_offered(subject: ImplementationSubject) -> Any:
    """Return the ranges of the first network for which they are offered."""
    *networks, last = networks_of(subject)
    for name in networks:
        try:
            return subject.ask(CAPABILITY, architecture=name)
        except NotEvaluable:
            continue
    return subject.ask(CAPABILITY, architecture=last)


def _draws_nothing(name: str, value: Any) -> bool:
    """Return whether nothing is drawn from a range: None, 0, or equal ends; text is not a range."""
    if isinstance(value, list):
        return all(end == value[0] for end in value)
    return not value or isinstance(value, str)


CHECKS: tuple[Check, ...] = (
    *DRAW_CHECKS,
    *PIXEL_CHECKS,
    *ORDER_CHECKS,
    Check("FER-A-11", only_training_images, needs=("augmented_splits",)),
    *(Check(clause, is_the_range, (CAPABILITY,), f"{name} as stated", (name,)) for name, clause in CLAUSES.items()),
    Check("FER-A-05", no_other_range, (CAPABILITY,), "nothing else is stated"),
    *checks_by_case("FER-A-12", the_same_for_every_network, tuple(spec.load().networks)[1:], (CAPABILITY,)),
)
