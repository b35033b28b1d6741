"""Replays the schedule on the losses that a run logged, phase by phase, and says where they part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ferspec.checks.run.schedule.readings import READINGS
from ferspec.checks.run.schedule.rounded_losses import follow_rates, may_last, rounding_of, same_rate
from ferspec.reference.schedule import PlateauRule, StoppingRule
from ferspec.subjects.runs.logs.csv_logger import LoggedPhase
from ferspec.subjects.runs.logs.logged_run import LoggedRun


@dataclass(frozen=True)
class PhaseReplay:
    """One phase beside the schedule; ``number`` counts from 1.

    ``unknown`` says why its rates cannot be replayed, empty where they can. ``departs`` is the place, from 0, of the
    first epoch whose rate is not the ``expected`` one, None where all are. ``close`` is whether that may be due to
    losses that were logged rounded: if not, ``departs`` is where no losses that round to the logged ones give the rate.
    ``reductions`` are how often the logged rate falls.
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


def replays(run: LoggedRun) -> tuple[PhaseReplay, ...]:
    """Return every phase of a run beside the rates that its validation losses give (FER-S-03, FER-S-04)."""
    rule = PlateauRule.of(run.profile)
    return tuple(_replayed(run, number, phase, rule) for number, phase in enumerate(run.phases))


def _replayed(run: LoggedRun, number: int, phase: LoggedPhase, rule: PlateauRule) -> PhaseReplay:
    if unknown := _unknown(run, number, phase):
        return PhaseReplay(number + 1, phase, unknown)
    expected, departs, close = beside(run, phase, rule)
    reductions = sum(not same_rate(after, before) for before, after in pairwise(phase.rate))
    return PhaseReplay(number + 1, phase, "", expected, departs, close, reductions)


def beside(run: LoggedRun, phase: LoggedPhase, rule: PlateauRule) -> tuple[tuple[float, ...], int | None, bool]:
    """Return the rates that a rule gives up to the first departure, its place, and whether rounding may explain it."""
    expected, departs = _followed(run, phase, rule, 0.0)
    step = rounding_of(phase)
    if departs is None or not step:
        return expected, departs, False
    others = _followed(run, phase, rule, step)
    return (expected, departs, True) if others[1] is None else (*others, False)


def _followed(
    run: LoggedRun, phase: LoggedPhase, rule: PlateauRule, step: float
) -> tuple[tuple[float, ...], int | None]:
    followed = [
        follow_rates(phase, rule, step, of_next) for of_next in ((False, True) if run.rates_of_next else (False,))
    ]
    return next((found for found in followed if found[1] is None), followed[0])


def given_by_another_patience(run: LoggedRun, found: Sequence[PhaseReplay]) -> str:
    """Return, in words, that another patience gives the right rates too; empty where none does.

    Where nobody knows whether an epoch is logged with its own rate or that of the next one, rates that fall once in a
    plateau do not tell a patience from the one beside it.
    """
    rule = PlateauRule.of(run.profile)
    own, of_next = "epochs are logged with their own rate", "epochs are logged with the rate of the next one"
    for patience, shifted in ((rule.patience - 1, False), (rule.patience + 1, True)) if run.rates_of_next else ():
        other = replace(rule, patience=patience)
        if all(follow_rates(replay.phase, other, of_next=shifted)[1] is None for replay in found):
            right, wrong = (own, of_next) if shifted else (of_next, own)
            return f"a patience of {rule.patience} if {right}, or of {patience} if {wrong}: TensorBoard does not tell"
    return ""


def _unknown(run: LoggedRun, number: int, phase: LoggedPhase) -> str:
    if phase.rate is None:
        return "no learning rate is logged"
    if not _validated(phase):
        return "no validation loss is logged"
    if not run.whole_beginnings[number]:
        return "its beginning is not logged"
    return "some learning rates are not available" if not all(map(math.isfinite, phase.rate)) else ""


def _validated(phase: LoggedPhase) -> list[int]:
    """Return the places of the epochs that were validated; none where no validation loss is logged."""
    return [] if phase.val_loss is None else [place for place in range(len(phase)) if place not in phase.unvalidated]


def departure(logged: Sequence[float], expected: Sequence[float]) -> int | None:
    """Return the place of the first rate that is not the expected one, or None."""
    pairs = zip(logged, expected, strict=True)
    return next((place for place, (rate, wanted) in enumerate(pairs) if not same_rate(rate, wanted)), None)


@dataclass(frozen=True)
class PhaseStop:
    """How a phase ended; ``stop`` is the place, from 0, after which the rule stops it, None for later than its end.

    ``unknown`` says why nothing can be said, ``waited`` how many validations after its best one it ended, ``close``
    whether rounded losses may be why it does not end where the rule stops it.
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


def stops(run: LoggedRun) -> tuple[PhaseStop, ...]:
    """Return where early stopping ends every phase of a run (FER-S-05)."""
    rule = StoppingRule.of(run.profile)
    return tuple(_stopped(run, number, phase, rule) for number, phase in enumerate(run.phases))


def _stopped(run: LoggedRun, number: int, phase: LoggedPhase, rule: StoppingRule) -> PhaseStop:
    if not _validated(phase):
        return PhaseStop(number + 1, phase, "no validation loss is logged")
    if not run.whole_beginnings[number]:
        return PhaseStop(number + 1, phase, "its beginning is not logged")
    places = _validated(phase)
    losses = [phase.val_loss[place] for place in places]
    stop, waited = _stop(rule, losses)
    found = PhaseStop(
        number + 1,
        phase,
        stop=None if stop is None else places[stop],
        waited=waited,
        close=_may_end_so(phase, rule, None if stop is None else places[stop]),
    )
    if run.open_ended(number) and not found.beyond:
        return PhaseStop(number + 1, phase, "lines of it are lost")
    return found


def _stop(rule: StoppingRule, losses: Sequence[float]) -> tuple[int | None, int]:
    """Return where the rule stops and how long it then waited; of several readings, by that which fits the end best."""
    found = [(rule.stop(losses, watch), rule.waited(losses, watch)) for watch in READINGS]
    return max(found, key=lambda of: (of[0] == len(losses) - 1, of[0] is None, of[0] or 0))


def _may_end_so(phase: LoggedPhase, rule: StoppingRule, stop: int | None) -> bool:
    """Return whether rounding may be why the rule stops a phase elsewhere than where it ends."""
    step = rounding_of(phase)
    if not step or stop == len(phase) - 1:
        return False
    lasts, stopped = may_last(phase, rule, step)
    return stopped if stop is None else lasts
