"""Checks on the augmentation of training images: draws, pixels, order and images concerned (FER-A)."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, numbers, rows
from ferspec.checks.implementation.augmentation.draws import DRAW_CHECKS, nothing_else
from ferspec.checks.implementation.augmentation.order import ORDER_CHECKS
from ferspec.checks.implementation.augmentation.pixels import PIXEL_CHECKS
from ferspec.checks.implementation.augmentation.witness import DEGREES, FLIPPED, SHIFT, ZOOM
from ferspec.checks.implementation.networks.known import require
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

RANGES = {
    "rotation_degrees": DEGREES,
    "width_shift": SHIFT,
    "height_shift": SHIFT,
    "zoom": ZOOM,
    "flip_probability": FLIPPED,
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


def the_same_for_every_network(subject: ImplementationSubject, network: str) -> CheckResult:
    """All models are trained with the same augmentation (paper 4.2)."""
    require(subject, network)
    capability = "augmentation_ranges"
    answer = subject.ask(capability, architecture=network)
    observed = [float(numbers(capability, field(capability, answer, name), ())) for name in RANGES]
    return first_failure(
        [
            close(observed, list(RANGES.values()), 1e-6, list(RANGES), "this network has ranges of its own"),
            nothing_else(answer, RANGES, f"ranges of {network}", _draws_nothing),
        ]
    )


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
    *checks_by_case("FER-A-12", the_same_for_every_network, tuple(spec.load().networks), ("augmentation_ranges",)),
)
