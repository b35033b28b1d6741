"""Checks the number of training phases, and the length of the first (FER-S-07, FER-S-08)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferspec import spec
from ferspec.checks.run.schedule.replay import PhaseStop, stops
from ferspec.checks.run.schedule.rules import (
    SCRATCH,
    any_epoch,
    count_phases,
    first_phase_alone,
    halves_on_a_plateau,
    ignores_small_improvements,
    keeps_the_best_epoch,
    may_have_a_second_phase,
    starts_at_a_known_rate,
    stops_early,
)
from ferspec.engine import Check
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.runs.logs.logged_run import ACCURACIES, KEPT, LOSSES, PRETRAINED, RATES, LoggedRun


@dataclass(frozen=True)
class Attempts:
    """The phases of the last training in a log, and the number of aborted attempts."""

    phases: tuple[PhaseStop, ...]
    aborted: int


def attempts(run: LoggedRun, numbered_on: bool = False) -> Attempts:
    """Separate phases from attempts that were aborted and restarted.

    An aborted attempt ends before early stopping would end it. The phase after it starts at epoch 0 with untrained
    weights: its first validation loss is nearer to the first of the attempt than to the lowest. An attempt of one epoch
    is always aborted. A phase of a length that FER-S-08 allows for a frozen base never is, because the loss may jump
    once all layers are trained. With ``numbered_on``, the epochs after an attempt may continue its numbers.
    """
    lengths = () if run.weights == SCRATCH else spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    complete = [stop for stop, begins in zip(stops(run), run.whole_beginnings, strict=True) if begins]
    kept = [
        phase
        for index, phase in enumerate(complete)
        if index == len(complete) - 1
        or len(phase.phase) in lengths
        or not _aborted(run, phase, complete[index + 1], numbered_on)
    ]
    return Attempts(tuple(kept), len(complete) - len(kept))


def _aborted(run: LoggedRun, phase: PhaseStop, following: PhaseStop, numbered_on: bool) -> bool:
    begins_again = following.phase.epochs[0] == run.first_epoch
    if phase.stopped or phase.overran or not (begins_again or numbered_on):
        return False
    if not phase.phase.val_loss or not following.phase.val_loss:
        return False
    losses = phase.phase.val_loss
    return (begins_again and len(losses) == 1) or following.phase.val_loss[0] > (losses[0] + min(losses)) / 2


def has_its_phases(run: LoggedRun) -> CheckResult:
    """A pre-trained network is trained in two phases, a network from scratch in one (FER-S-07)."""
    if not run.whole_beginnings[0]:
        raise NotEvaluable("the beginning of the log is lost")
    wanted = 1 if run.weights == SCRATCH else spec.load().integer("FER-S-07", "phases", run.profile)
    logged = sum(run.whole_beginnings)
    if logged == wanted:
        expected = f"{count_phases(wanted)}, from {run.weights}"
        return CheckResult(status=Status.PASS, observed=count_phases(logged), expected=expected)
    tried = attempts(run)
    if len(tried.phases) == wanted and logged > wanted:
        observed = f"{count_phases(wanted)}, after {tried.aborted} that were aborted and restarted"
        return CheckResult(status=Status.PASS, observed=observed)
    if logged < wanted and not run.finished and (reason := first_phase_alone(run)):
        raise NotEvaluable(reason)
    if logged < wanted and not run.finished and _may_be_the_first(run, tried.phases[-1]):
        raise NotEvaluable("it may have been interrupted in its first phase")
    if logged < wanted and may_have_a_second_phase(run) and LOSSES not in run.capabilities:
        raise NotEvaluable(
            f"{count_phases(logged)}, or more that continue its numbers: validation losses would show them"
        )
    if logged < wanted and may_have_a_second_phase(run):
        message = f"{count_phases(logged)}, or a second one begins with epoch {any_epoch(run.may_begin)}: both replay"
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    if len(attempts(run, numbered_on=True).phases) == wanted < logged:
        message = (
            f"{count_phases(len(tried.phases))}, or {wanted} after attempts that were broken off: "
            "the network seems untrained where the epochs continue their numbers"
        )
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    return CheckResult(
        status=Status.FAIL,
        observed=count_phases(len(tried.phases)) if logged > wanted else count_phases(logged),
        expected=f"{count_phases(wanted)}, from {run.weights}",
        difference=float(len(tried.phases) - wanted),
        likely="all layers were trained from the start, or the second phase continues the epoch numbers of the first"
        if logged < wanted
        else _why_more(run, tried.phases),
    )


def _numbered_on(run: LoggedRun) -> bool:
    """Return whether all epochs continue their numbers, which hides where ``fit`` began."""
    return not run.phases_named and all(phase.epochs[0] != run.first_epoch for phase in run.phases[1:])


def _why_more(run: LoggedRun, phases: Sequence[PhaseStop]) -> str:
    if run.begins:
        return f"a further phase continues the epoch numbers: it begins with epoch {any_epoch(run.begins)}"
    if any(phase.phase.epochs[0] != run.first_epoch for phase in phases[1:]):
        return "a warm-up: the rate rises while the epoch numbers continue; or it was resumed by hand"
    return "it was resumed by hand, or the file holds several trainings"


def _may_be_the_first(run: LoggedRun, phase: PhaseStop) -> bool:
    longest = max(spec.load().integers("FER-S-08", "frozen_epochs", run.profile))
    return not phase.stopped and not phase.overran and len(phase.phase) <= longest


def first_phase_has_its_length(run: LoggedRun) -> CheckResult:
    """The phase with a frozen base has a length that the protocol allows (FER-S-08)."""
    if run.weights == SCRATCH:
        raise NotEvaluable("a network from scratch has no phase with a frozen base")
    wanted = spec.load().integer("FER-S-07", "phases", run.profile)
    if not all(run.whole_beginnings):
        raise NotEvaluable("lines of the log are lost")
    phases: Sequence[PhaseStop] = stops(run)
    if len(phases) > wanted:
        phases = attempts(run).phases
    if len(phases) != wanted:
        raise NotEvaluable(f"{count_phases(len(phases))}: it is unknown which is the first of {wanted}")
    first = phases[0]
    length, lengths = len(first.phase), spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    possible = {epoch - first.phase.epochs[0] for epoch in run.begins} or {length}
    if length in lengths and possible <= set(lengths):
        return CheckResult(status=Status.PASS, observed=f"{length} epochs")
    if first.stopped and length < max(lengths):
        return CheckResult(status=Status.PASS, observed=f"{length} epochs, ended by early stopping")
    if run.capped:
        raise NotEvaluable("a cap on its epochs ended a phase, as its record says")
    if _numbered_on(run) and max(possible) > min(lengths):
        message = f"it has {any_epoch(sorted(possible))} epochs, which may include attempts: their numbers continue"
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    return CheckResult(
        status=Status.FAIL,
        observed=f"{length} epochs",
        expected=" or ".join(f"{epochs}" for epochs in lengths),
        difference=float(length - lengths[0]),
        likely="ended by hand, or another number of epochs was set"
        if length < max(lengths)
        else "a larger number of epochs was set",
    )


LOG_CHECKS = (
    Check("FER-S-02", starts_at_a_known_rate, needs=(RATES,)),
    Check("FER-S-03", halves_on_a_plateau, needs=(RATES, LOSSES)),
    Check("FER-S-04", ignores_small_improvements, needs=(RATES, LOSSES)),
    Check("FER-S-05", stops_early, needs=(LOSSES,)),
    Check("FER-S-06", keeps_the_best_epoch, needs=(ACCURACIES, KEPT)),
    Check("FER-S-07", has_its_phases, needs=(PRETRAINED,)),
    Check("FER-S-08", first_phase_has_its_length, needs=(PRETRAINED,)),
)
