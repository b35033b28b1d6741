"""Replays the schedule on the logged losses of a run and finds the first mismatch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ferspec.checks.run.schedule.rounded_losses import follow_rates, may_last, rounding_of, same_rate
from ferspec.checks.run.schedule.watches import WATCHES
from ferspec.reference.schedule import PlateauRule, StoppingRule
from ferspec.required import required
from ferspec.subjects.runs.logs.documents import FORMAT as JSON
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.phases import LoggedPhase
from ferspec.subjects.runs.logs.tables import TABLE

OTHER_TRAINERS = (TABLE, JSON)


@dataclass(frozen=True)
class PhaseReplay:
    """The logged rates of one phase compared to the schedule; ``number`` counts from 1.

    ``unknown`` says why the rates cannot be replayed; empty if they can. ``mismatch`` is the first epoch, from 0,
    whose rate is not the ``expected`` one, or None. ``may_be_rounding`` says whether rounding of the logged losses may
    explain it; if not, ``mismatch`` is the first epoch that no unrounded losses explain. ``reductions`` counts the
    logged changes of the rate.
    """

    number: int
    phase: LoggedPhase
    unknown: str = ""
    expected: tuple[float, ...] = ()
    mismatch: int | None = None
    may_be_rounding: bool = False
    reductions: int = 0

    @property
    def where(self) -> str:
        """Phase and epoch of the mismatch, in words."""
        return f"phase {self.number}, epoch {self.phase.epochs[required(self.mismatch)]}"


def replays(run: LoggedRun) -> tuple[PhaseReplay, ...]:
    """Compare the logged rates with those from the validation losses (FER-S-03, FER-S-04)."""
    rule = PlateauRule.of(run.profile)
    return tuple(_replayed(run, number, phase, rule) for number, phase in enumerate(run.phases))


def with_rates_of_next(run: LoggedRun) -> LoggedRun:
    """Read rates as those of the next epochs, if only that replays.

    Trainers other than Keras may log an epoch after the scheduler's step.
    """
    if run.format not in OTHER_TRAINERS or all(replay.mismatch is None for replay in replays(run)):
        return run
    note = "each epoch is logged with the rate of the next one: only so do the rates replay"
    shifted = replace(run, rates_of_next=True, notes=(*run.notes, note))
    return shifted if all(replay.mismatch is None for replay in replays(shifted)) else run


def _replayed(run: LoggedRun, number: int, phase: LoggedPhase, rule: PlateauRule) -> PhaseReplay:
    if unknown := _unknown(run, number, phase):
        return PhaseReplay(number + 1, phase, unknown)
    expected, mismatch, may_be_rounding = compare_rates(run, phase, rule)
    reductions = sum(not same_rate(after, before) for before, after in pairwise(required(phase.rate)))
    return PhaseReplay(number + 1, phase, "", expected, mismatch, may_be_rounding, reductions)


def compare_rates(run: LoggedRun, phase: LoggedPhase, rule: PlateauRule) -> tuple[tuple[float, ...], int | None, bool]:
    """Compare the rates of a phase to those of a rule.

    Returns the expected rates up to the first mismatch, its epoch (from 0) or None, and whether rounding of the losses
    may explain it.
    """
    expected, mismatch = _followed(run, phase, rule, 0.0)
    step = rounding_of(phase)
    if mismatch is None or not step:
        return expected, mismatch, False
    rounded = _followed(run, phase, rule, step)
    return (expected, mismatch, True) if rounded[1] is None else (*rounded, False)


def _followed(
    run: LoggedRun, phase: LoggedPhase, rule: PlateauRule, step: float
) -> tuple[tuple[float, ...], int | None]:
    followed = [
        follow_rates(phase, rule, step, of_next) for of_next in ((False, True) if run.rates_of_next else (False,))
    ]
    return next((expected for expected in followed if expected[1] is None), followed[0])


def equivalent_patience(run: LoggedRun, replayed: Sequence[PhaseReplay]) -> str:
    """Return, in words, that another patience gives the same rates; empty if none does.

    If an epoch may be logged with its own rate or with that of the next epoch, a patience and its neighbour can give
    the same rates.
    """
    rule = PlateauRule.of(run.profile)
    own, of_next = "epochs are logged with their own rate", "epochs are logged with the rate of the next one"
    for patience, shifted in ((rule.patience - 1, False), (rule.patience + 1, True)) if run.rates_of_next else ():
        other = replace(rule, patience=patience)
        if all(follow_rates(replay.phase, other, of_next=shifted)[1] is None for replay in replayed):
            right, wrong = (own, of_next) if shifted else (of_next, own)
            return f"a patience of {rule.patience} if {right}, or of {patience} if {wrong}: the log does not say"
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
    """Return the validated epochs, from 0; none if no validation loss is logged."""
    return [] if phase.val_loss is None else [epoch for epoch in range(len(phase)) if epoch not in phase.unvalidated]


def first_mismatch(logged: Sequence[float], expected: Sequence[float]) -> int | None:
    """Return the first epoch, from 0, whose rate is not the expected one, or None."""
    pairs = enumerate(zip(logged, expected, strict=True))
    return next((epoch for epoch, (rate, wanted) in pairs if not same_rate(rate, wanted)), None)


@dataclass(frozen=True)
class PhaseStop:
    """How a phase ended. ``stop`` is the epoch, from 0, after which the rule stops it, or None if it would continue.

    ``unknown`` says why the end cannot be judged; empty if it can. ``waited`` counts the validations after the best
    one. ``may_be_rounding`` says whether rounded losses may explain an end elsewhere than where the rule stops.
    """

    number: int
    phase: LoggedPhase
    unknown: str = ""
    stop: int | None = None
    waited: int = 0
    may_be_rounding: bool = False

    @property
    def last(self) -> int:
        """The last epoch, from 0."""
        return len(self.phase) - 1

    @property
    def stopped(self) -> bool:
        """Whether the phase ends exactly where the rule stops it."""
        return self.stop == self.last

    @property
    def overran(self) -> bool:
        """Whether the phase continues after the rule stops it."""
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
    epochs, val_loss = _validated(phase), required(phase.val_loss)
    index, waited = _stop(rule, [val_loss[epoch] for epoch in epochs])
    stop = None if index is None else epochs[index]
    ended = PhaseStop(
        number + 1, phase, stop=stop, waited=waited, may_be_rounding=_rounding_explains_end(phase, rule, stop)
    )
    if run.open_ended(number) and not ended.overran:
        return PhaseStop(number + 1, phase, "lines of it are lost")
    return ended


def _stop(rule: StoppingRule, losses: Sequence[float]) -> tuple[int | None, int]:
    """Return stop and waiting time of the rule in the best-fitting Keras version."""
    stops = [(rule.stop(losses, watch), rule.waited(losses, watch)) for watch in WATCHES]
    return max(stops, key=lambda stop: (stop[0] == len(losses) - 1, stop[0] is None, stop[0] or 0))


def _rounding_explains_end(phase: LoggedPhase, rule: StoppingRule, stop: int | None) -> bool:
    """Return whether rounded losses may explain an end that differs from the rule's."""
    step = rounding_of(phase)
    if not step or stop == len(phase) - 1:
        return False
    may_reach_end, may_stop_there = may_last(phase, rule, step)
    return may_stop_there if stop is None else may_reach_end
