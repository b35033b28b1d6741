"""Present a logged training run as a subject: its epochs, in phases, and its settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

from ferspec.spec.records import DEFAULT_PROFILE, Profile, Weights
from ferspec.subjects.runs.logs.phases import LoggedPhase

RATES, LOSSES, ACCURACIES, PRETRAINED, KEPT = "learning rates", "validation losses", "val_accuracy", "weights", "kept"
MISSING = {
    RATES: "no learning rate is logged",
    LOSSES: "no validation loss is logged",
    ACCURACIES: "no validation accuracy is logged",
    PRETRAINED: "the initial weights are unknown: give them with --weights",
    KEPT: "the kept epoch is unknown: give the reported validation accuracy with --reported",
}


def are_shares(accuracies: Sequence[float] | None) -> TypeGuard[tuple[float, ...]]:
    """Return whether accuracies are logged as proportions (0 to 1 or NaN), not as percentages."""
    return accuracies is not None and all(0 <= value <= 1 or math.isnan(value) for value in accuracies)


@dataclass(frozen=True)
class Kept:
    """Describe the kept checkpoint: its validation accuracy and, if known, its epoch.

    ``epoch`` counts over all phases. ``digits`` is the number of known decimals of the accuracy, or None for all.
    """

    accuracy: float
    epoch: int | None = None
    digits: int | None = None


@dataclass(frozen=True)
class LoggedRun:
    """Hold the log and the known settings of one training. ``name`` distinguishes several at one path.

    ``finished`` says whether the training has ended (None if unknown), ``capped`` whether an epochs cap ended a phase.
    ``validated`` is the number of validation images. ``rates_of_next`` is true if an epoch may be logged with the
    learning rate of the next one, as Keras' TensorBoard callback does; ``end_lost`` if lines after the last phase are
    unreadable. ``first_epoch`` is the number of a training's first epoch, 0 or 1, and ``phases_named`` is true if the
    log itself says where phases begin. ``begins`` holds the epochs at which a replay lets a second phase begin, and
    ``may_begin`` those of another reading than the one in ``phases``. ``deviations`` are declared in the record, one
    line each: a run with any is not a protocol run.
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
    first_epoch: int = 0
    phases_named: bool = False
    begins: tuple[int, ...] = ()
    may_begin: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    name: str = ""

    @property
    def title(self) -> str:
        return f"{self.path} {self.name}".rstrip()

    @property
    def capabilities(self) -> frozenset[str]:
        available = {
            RATES: any(phase.rate for phase in self.phases),
            LOSSES: any(phase.val_loss for phase in self.phases),
            ACCURACIES: any(phase.val_accuracy for phase in self.phases),
            PRETRAINED: self.weights is not None,
            KEPT: self.kept is not None,
        }
        return frozenset(name for name, known in available.items() if known)

    def why_missing(self, capability: str) -> str:
        return MISSING[capability]

    @cached_property
    def whole_beginnings(self) -> tuple[bool, ...]:
        """Whether each phase begins with the first epoch or directly after the previous phase.

        Otherwise lines are missing, or the training was resumed from an earlier epoch.
        """
        successors = (None, *(phase.epochs[-1] + 1 for phase in self.phases))
        return tuple(
            phase.epochs[0] in (self.first_epoch, epoch) for phase, epoch in zip(self.phases, successors, strict=False)
        )

    def open_ended(self, number: int) -> bool:
        """Return whether lines may be missing at the end of phase ``number``, from 0."""
        last = number + 1 == len(self.phases)
        return self.end_lost if last else not self.whole_beginnings[number + 1]

    @cached_property
    def accuracies(self) -> tuple[tuple[float, ...], ...]:
        """The validation accuracies of every phase, NaN where missing or not 0 to 1."""
        return tuple(
            phase.val_accuracy if are_shares(phase.val_accuracy) else (math.nan,) * len(phase) for phase in self.phases
        )

    @property
    def epochs(self) -> int:
        return sum(map(len, self.phases))
