"""FER-A: what is drawn for a training image, what that makes of its pixels, and who is augmented."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, judge_each, numbers, rows
from ferspec.checks.implementation.augmentation.draws import (
    DRAW_CHECKS,
    mirrored_share,
    nothing_else,
    the_same_from_the_same_seed,
)
from ferspec.checks.implementation.augmentation.order import ORDER_CHECKS
from ferspec.checks.implementation.augmentation.pixels import PIXEL_CHECKS, mirrored_sides
from ferspec.checks.implementation.networks.known import networks_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

DRAWS = "augmentation_parameters"
RANGES = ("FER-A-02", "FER-A-03", "FER-A-04", "FER-A-05")


def mirrored(subject: ImplementationSubject, capability: str) -> CheckResult:
    """FER-A-05: how often (augmentation_parameters), and which way (augment)."""
    return (mirrored_share if capability == DRAWS else mirrored_sides)(subject)


def only_training_images(subject: ImplementationSubject) -> CheckResult:
    """FER-A-11."""
    observed = sorted(map(str, rows("augmented_parts", subject.ask("augmented_parts"))))
    return equal(observed, ["training"], likely=_why_these_parts(observed))


def _why_these_parts(observed: list[str]) -> str:
    evaluated = [part for part in observed if part != "training"]
    if evaluated:
        return f"images of {' and '.join(evaluated)} are changed, though networks are evaluated on them"
    return "the images that are trained on are left unchanged"


def the_same_for_every_network(subject: ImplementationSubject) -> CheckResult:
    """FER-A-12."""
    ranges = {name: value for clause in RANGES for name, value in spec.load().clause(clause).values.items()}
    return judge_each(lambda network: _ranges_of(subject, network, ranges), networks_of(subject))


def _ranges_of(subject: ImplementationSubject, network: str, ranges: dict[str, float]) -> CheckResult:
    capability = "augmentation_ranges"
    answer = subject.ask(capability, architecture=network)
    observed = [float(numbers(capability, field(capability, answer, name), ())) for name in ranges]
    labels = [f"{network}, {name}" for name in ranges]
    return first_failure(
        [
            close(observed, list(ranges.values()), 1e-6, labels, "this network has ranges of its own"),
            nothing_else(answer, ranges, f"ranges of {network}", _is_no_range),
        ]
    )


def _is_no_range(name: str, value: Any) -> bool:
    """Return whether nothing is drawn from a range: none, 0, or one that ends where it begins; words are no range."""
    if isinstance(value, list):
        return all(each == value[0] for each in value)
    return not value or isinstance(value, str)


CHECKS = (
    *DRAW_CHECKS,
    *(Check("FER-A-05", mirrored, needs=(need,), case=need, given=(need,)) for need in (DRAWS, "augment")),
    *PIXEL_CHECKS,
    *ORDER_CHECKS,
    Check("FER-A-10", the_same_from_the_same_seed, needs=(DRAWS,), case=DRAWS, given=(DRAWS,)),
    Check("FER-A-11", only_training_images, needs=("augmented_parts",)),
    Check("FER-A-12", the_same_for_every_network, needs=("augmentation_ranges",)),
)
