"""Replays the schedule on the losses that a run logged, phase by phase, and says where they part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from ferspec import spec
from ferspec.reference.schedule import PlateauRule, StoppingRule
from ferspec.subjects.training_log import LoggedPhase
from ferspec.subjects.training_run import TrainingRun

# losses with so many decimals or fewer were rounded before they were compared, or after: nobody knows
FEW_DECIMALS = 5

Rule = TypeVar("Rule", PlateauRule, StoppingRule)


@dataclass(frozen=True)
class PhaseReplay:
    """One phase beside the schedule; ``number`` counts from 1.

    ``unknown`` says why its rates cannot be replayed, empty where they can. ``departs`` is the place, from 0, of the
    first epoch whose rate is not the ``expected`` one, None where all are. ``close`` is whether that may be due to
    losses that were logged rounded. ``reductions`` are how often the logged rate falls.
    """

    number: int
    phase: LoggedPhase
    unknown: str = ""
    expected: tuple[float, ...] = ()
    departs: int | None = None
    close: bool = False
    reductions: int = 0

    @property
    def where(self) -> str:
        """The place of the departure, in words."""
        return f"phase {self.number}, epoch {self.phase.epochs[self.departs]}"


def replays(run: TrainingRun) -> tuple[PhaseReplay, ...]:
    """Return every phase of a run beside the rates that its validation losses give (FER-S-03, FER-S-04)."""
    rule = PlateauRule.of(run.profile)
    return tuple(_replayed(run, number, phase, rule) for number, phase in enumerate(run.phases))


def _replayed(run: TrainingRun, number: int, phase: LoggedPhase, rule: PlateauRule) -> PhaseReplay:
    if unknown := _unknown(run, number, phase):
        return PhaseReplay(number + 1, phase, unknown)
    all_expected = rule.rates(phase.val_loss, phase.rate[0])
    expected = all_expected[:-1]
    departs = departure(phase.rate, expected)
    if departs is not None and run.rates_of_next and departure(phase.rate, all_expected[1:]) is None:
        expected, departs = all_expected[1:], None
    return PhaseReplay(
        number + 1,
        phase,
        expected=expected,
        departs=departs,
        close=departs is not None and _may_be_rounding(phase, rule),
        reductions=sum(not same_rate(after, before) for before, after in pairwise(phase.rate)),
    )


def _may_be_rounding(phase: LoggedPhase, rule: PlateauRule) -> bool:
    others = (other.rates(phase.val_loss, phase.rate[0])[:-1] for other in _within_rounding(rule, phase.val_loss))
    return any(departure(phase.rate, rates) is None for rates in others)


def _unknown(run: TrainingRun, number: int, phase: LoggedPhase) -> str:
    if phase.rate is None:
        return "no learning rate is logged"
    if phase.val_loss is None:
        return "no validation loss is logged"
    if not run.whole_beginnings[number]:
        return "its beginning is not logged"
    return "some learning rates are not available" if not all(map(math.isfinite, phase.rate)) else ""


def departure(logged: Sequence[float], expected: Sequence[float]) -> int | None:
    """Return the place of the first rate that is not the expected one, or None."""
    pairs = zip(logged, expected, strict=True)
    return next((place for place, (rate, wanted) in enumerate(pairs) if not same_rate(rate, wanted)), None)


def same_rate(one: float, other: float) -> bool:
    """Return whether two rates are the same but for the rounding of another framework (FER-R-11)."""
    return abs(one - other) <= spec.load().value("FER-R-11", "rate_tolerance") * abs(other)


def _within_rounding(rule: Rule, losses: Sequence[float]) -> list[Rule]:
    """Return the rules that may have been followed where losses are logged rounded, for near ones may be swapped."""
    step = _rounded_to(losses)
    return [replace(rule, min_delta=rule.min_delta + sign * step) for sign in (-1, 1)] if step else []


def _rounded_to(losses: Sequence[float]) -> float:
    """Return the last decimal of losses that are rounded, 0 where they are not."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    for decimals in range(1, FEW_DECIMALS + 1):
        if finite and all(abs(round(loss, decimals) - loss) < 1e-9 for loss in finite):
            return 10.0**-decimals
    return 0.0


@dataclass(frozen=True)
class PhaseStop:
    """How a phase ended; ``stop`` is the place, from 0, after which the rule stops it, None for later than its end.

    ``unknown`` says why nothing can be said, ``waited`` how many epochs before its end its best validation loss was.
    """

    number: int
    phase: LoggedPhase
    unknown: str = ""
    stop: int | None = None
    waited: int = 0
    close: bool = False

    @property
    def last(self) -> int:
        """The place of the last epoch, from 0."""
        return len(self.phase) - 1

    @property
    def stopped(self) -> bool:
        """Whether the phase ends just where the rule stops it."""
        return self.stop == self.last

    @property
    def beyond(self) -> bool:
        """Whether the phase goes on after the rule stops it."""
        return self.stop is not None and self.stop < self.last


def stops(run: TrainingRun) -> tuple[PhaseStop, ...]:
    """Return where early stopping ends every phase of a run (FER-S-05)."""
    rule = StoppingRule.of(run.profile)
    return tuple(_stopped(run, number, phase, rule) for number, phase in enumerate(run.phases))


def _stopped(run: TrainingRun, number: int, phase: LoggedPhase, rule: StoppingRule) -> PhaseStop:
    if phase.val_loss is None:
        return PhaseStop(number + 1, phase, "no validation loss is logged")
    if not run.whole_beginnings[number]:
        return PhaseStop(number + 1, phase, "its beginning is not logged")
    found = PhaseStop(
        number + 1,
        phase,
        stop=rule.stop(phase.val_loss),
        waited=rule.waited(phase.val_loss),
        close=any(
            other.stop(phase.val_loss) in (None, len(phase) - 1) for other in _within_rounding(rule, phase.val_loss)
        ),
    )
    if run.open_ended(number) and not found.beyond:
        return PhaseStop(number + 1, phase, "lines of it are lost")
    return found
