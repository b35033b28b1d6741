"""Checks on the phases of a training run: how many there are, and how long the first is (FER-S-07, FER-S-08)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferspec import spec
from ferspec.checks.run.schedule.replay import PhaseStop, stops
from ferspec.checks.run.schedule.rules import (
    counts_small_improvements_as_none,
    halves_on_a_plateau,
    keeps_the_best_epoch,
    starts_at_a_known_rate,
    stops_early,
)
from ferspec.engine import Check
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.runs.logs.logged_run import ACCURACIES, KEPT, LOSSES, PRETRAINED, RATES, LoggedRun

SCRATCH = "scratch"


@dataclass(frozen=True)
class Attempts:
    """The phases of the training that a log ends with, and how many broken-off attempts at it came before."""

    phases: tuple[PhaseStop, ...]
    broken_off: int


def attempts(run: LoggedRun) -> Attempts:
    """Tell phases from attempts that were broken off and begun again.

    An attempt ends before early stopping ends it, and the next phase begins at epoch 0 and does not go on from what it
    learnt: its first validation loss is nearer the first of the attempt than its lowest. An attempt of one epoch learnt
    nothing. A phase with a frozen base that has one of its lengths is none, for the loss may leap once all layers are
    trained.
    """
    lengths = () if run.weights == SCRATCH else spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    whole = [stop for stop, begins in zip(stops(run), run.whole_beginnings, strict=True) if begins]
    kept = [
        phase
        for place, phase in enumerate(whole)
        if place == len(whole) - 1 or len(phase.phase) in lengths or not _broken_off(phase, whole[place + 1])
    ]
    return Attempts(tuple(kept), len(whole) - len(kept))


def _broken_off(phase: PhaseStop, following: PhaseStop) -> bool:
    if phase.stopped or phase.beyond or following.phase.epochs[0] != 0:
        return False
    if not phase.phase.val_loss or not following.phase.val_loss:
        return False
    losses = phase.phase.val_loss
    return len(losses) == 1 or following.phase.val_loss[0] > (losses[0] + min(losses)) / 2


def has_its_phases(run: LoggedRun) -> CheckResult:
    """A pre-trained network is trained in two phases, one from scratch in one (FER-S-07)."""
    if not run.whole_beginnings[0]:
        raise NotEvaluable("the beginning of the log is lost")
    wanted = 1 if run.weights == SCRATCH else spec.load().integer("FER-S-07", "phases", run.profile)
    begun = sum(run.whole_beginnings)
    if begun == wanted:
        return CheckResult(status=Status.PASS, observed=_count(begun), expected=f"{_count(wanted)}, from {run.weights}")
    tried = attempts(run)
    if len(tried.phases) == wanted and begun > wanted:
        observed = f"{_count(wanted)}, after {tried.broken_off} that broke off and began again"
        return CheckResult(status=Status.PASS, observed=observed)
    if begun < wanted and not run.finished and _may_be_the_first(run, tried.phases[-1]):
        raise NotEvaluable("it may have been interrupted in its first phase")
    return CheckResult(
        status=Status.FAIL,
        observed=_count(len(tried.phases)) if begun > wanted else _count(begun),
        expected=f"{_count(wanted)}, from {run.weights}",
        difference=float(len(tried.phases) - wanted),
        likely="all layers were trained from the beginning, or the second phase goes on with the numbers of the first"
        if begun < wanted
        else _why_more(tried.phases),
    )


def _why_more(phases: Sequence[PhaseStop]) -> str:
    if any(phase.phase.epochs[0] != 0 for phase in phases[1:]):
        return "a warm-up: the rate rises while the epochs number on; or it was taken up again by hand"
    return "it was taken up again by hand, or the file holds several trainings"


def _may_be_the_first(run: LoggedRun, phase: PhaseStop) -> bool:
    longest = max(spec.load().integers("FER-S-08", "frozen_epochs", run.profile))
    return not phase.stopped and not phase.beyond and len(phase.phase) <= longest


def first_phase_has_its_length(run: LoggedRun) -> CheckResult:
    """The phase in which the head is trained alone has a length that the protocol knows (FER-S-08)."""
    if run.weights == SCRATCH:
        raise NotEvaluable("a network from scratch has no phase with a frozen base")
    wanted = spec.load().integer("FER-S-07", "phases", run.profile)
    if not all(run.whole_beginnings):
        raise NotEvaluable("lines of the log are lost")
    phases: Sequence[PhaseStop] = stops(run)
    if len(phases) > wanted:
        phases = attempts(run).phases
    if len(phases) != wanted:
        raise NotEvaluable(f"{_count(len(phases))}, of which none is known to be the first of {wanted}")
    first = phases[0]
    length, lengths = len(first.phase), spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    if length in lengths:
        return CheckResult(status=Status.PASS, observed=f"{length} epochs")
    if first.stopped and length < max(lengths):
        return CheckResult(status=Status.PASS, observed=f"{length} epochs, ended by early stopping")
    if run.capped:
        raise NotEvaluable("a cap on its epochs ended a phase, as its record says")
    return CheckResult(
        status=Status.FAIL,
        observed=f"{length} epochs",
        expected=" or ".join(f"{epochs}" for epochs in lengths),
        difference=float(length - lengths[0]),
        likely="ended by hand, or told another number of epochs" if length < max(lengths) else "told to go on longer",
    )


LOG_CHECKS = (
    Check("FER-S-02", starts_at_a_known_rate, needs=(RATES,)),
    Check("FER-S-03", halves_on_a_plateau, needs=(RATES, LOSSES)),
    Check("FER-S-04", counts_small_improvements_as_none, needs=(RATES, LOSSES)),
    Check("FER-S-05", stops_early, needs=(LOSSES,)),
    Check("FER-S-06", keeps_the_best_epoch, needs=(ACCURACIES, KEPT)),
    Check("FER-S-07", has_its_phases, needs=(PRETRAINED,)),
    Check("FER-S-08", first_phase_has_its_length, needs=(PRETRAINED,)),
)


def _count(number: int) -> str:
    return f"{number} phase{'s' * (number != 1)}"
