"""A training run as a subject: the epochs it logged, in phases, and what is known of it besides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ferspec.spec.records import DEFAULT_PROFILE, Profile, Weights
from ferspec.subjects.runs.logs.csv_logger import LoggedPhase

RATES, LOSSES, ACCURACIES, PRETRAINED, KEPT = "learning rates", "validation losses", "val_accuracy", "weights", "kept"
MISSING = {
    RATES: "no learning rate is logged",
    LOSSES: "no validation loss is logged",
    ACCURACIES: "no validation accuracy is logged",
    PRETRAINED: "the starting weights are not known: say which with --weights",
    KEPT: "which epoch was kept is not known: say the validation accuracy that is reported with --reported",
}


def are_shares(accuracies: Sequence[float] | None) -> bool:
    """Return whether accuracies are logged, and from 0 to 1 (or not available), not as percentages."""
    return accuracies is not None and all(0 <= value <= 1 or math.isnan(value) for value in accuracies)


@dataclass(frozen=True)
class Kept:
    """The epoch whose weights were kept, where it is known, and its accuracy.

    ``epoch`` is its number in a log that numbers on over its phases. ``digits`` is how many decimals of the accuracy
    are known, None for all of them.
    """

    accuracy: float
    epoch: int | None = None
    digits: int | None = None


@dataclass(frozen=True)
class LoggedRun:
    """What is known of one training; ``name`` tells apart several at one path.

    ``finished`` says whether it ran to its end (None: nobody knows), ``capped`` whether a cap that its record sets on
    its epochs ended a phase, ``validated`` over how many images an epoch was validated. ``rates_of_next`` is true where
    an epoch may be logged with the rate of the next one, as Keras' TensorBoard callback does; ``end_lost`` where lines
    followed the last phase that cannot be read. ``deviations`` are those that the record declares, a line each: a run
    with any is not a protocol run.
    """

    path: Path
    format: str
    phases: tuple[LoggedPhase, ...]
    profile: Profile = DEFAULT_PROFILE
    weights: Weights | None = None
    cell: str | None = None
    kept: Kept | None = None
    finished: bool | None = None
    capped: bool = False
    validated: int | None = None
    rates_of_next: bool = False
    end_lost: bool = False
    notes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    name: str = ""

    @property
    def title(self) -> str:
        return f"{self.path} {self.name}".rstrip()

    @property
    def capabilities(self) -> frozenset[str]:
        has = {
            RATES: any(phase.rate for phase in self.phases),
            LOSSES: any(phase.val_loss for phase in self.phases),
            ACCURACIES: any(phase.val_accuracy for phase in self.phases),
            PRETRAINED: self.weights is not None,
            KEPT: self.kept is not None,
        }
        return frozenset(name for name, there in has.items() if there)

    def why_missing(self, capability: str) -> str:
        return MISSING[capability]

    @cached_property
    def whole_beginnings(self) -> tuple[bool, ...]:
        """Whether each phase is known from its first epoch: numbered 0, or the next after the phase before it.

        Otherwise lines were lost, or it was resumed from an earlier epoch: what came before is not known.
        """
        following = (None, *(phase.epochs[-1] + 1 for phase in self.phases))
        return tuple(phase.epochs[0] in (0, place) for phase, place in zip(self.phases, following, strict=False))

    def open_ended(self, number: int) -> bool:
        """Return whether the phase of that number, from 0, goes on after lines that were lost, or may."""
        last = number + 1 == len(self.phases)
        return self.end_lost if last else not self.whole_beginnings[number + 1]

    @cached_property
    def accuracies(self) -> tuple[tuple[float, ...], ...]:
        """The validation accuracies of every phase; NaN for what is not logged, and where any are none (0 to 1)."""
        return tuple(
            phase.val_accuracy if are_shares(phase.val_accuracy) else (math.nan,) * len(phase) for phase in self.phases
        )

    @property
    def epochs(self) -> int:
        return sum(map(len, self.phases))
