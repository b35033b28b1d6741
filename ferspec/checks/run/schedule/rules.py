"""Checks on a training run: whether what it logged is what the schedule gives (FER-S-02 to FER-S-06)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ferspec import spec
from ferspec.checks.run.schedule.alternatives import (
    IMPROVEMENT,
    PLATEAU,
    Alternative,
    decays_by_epoch,
    explanations,
    other_stops,
)
from ferspec.checks.run.schedule.replay import (
    PhaseReplay,
    PhaseStop,
    beside,
    given_by_another_patience,
    replays,
    stops,
)
from ferspec.checks.run.schedule.rounded_losses import same_rate
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.schedule import PlateauRule, StoppingRule, best_epoch
from ferspec.subjects.runs.logs.csv_logger import LoggedPhase
from ferspec.subjects.runs.logs.logged_run import LoggedRun

NAMED = 3
DEFAULTS_OF_KERAS = {1e-2: "SGD", 1e-3: "Adam"}


def starts_at_a_known_rate(run: LoggedRun) -> CheckResult:
    """Every phase begins at a learning rate of the protocol (FER-S-02)."""
    known = spec.load().numbers("FER-S-02", "initial_rates", run.profile)
    begun = [
        (number, phase.rate[0])
        for number, phase in enumerate(run.phases, start=1)
        if phase.rate and run.whole_beginnings[number - 1] and math.isfinite(phase.rate[0])
    ]
    if not begun:
        raise NotEvaluable("no phase logs the rate of its first epoch")
    for number, rate in begun:
        if not any(same_rate(rate, wanted) for wanted in known):
            return CheckResult(
                status=Status.FAIL,
                observed=f"phase {number} starts at {rate:g}",
                expected=_any_of(known),
                likely=_why_this_rate(run, number, rate),
            )
    return CheckResult(status=Status.PASS, observed=f"starts at {', '.join(f'{rate:g}' for _, rate in begun)}")


def _why_this_rate(run: LoggedRun, number: int, rate: float) -> str | None:
    before = run.phases[number - 2] if number > 1 else None
    if before and before.rate and any(same_rate(rate, last) for last in _last_rates(run, before)):
        return "it goes on at the rate that the phase before it ended with: the optimiser was not set back"
    default = next((name for wanted, name in DEFAULTS_OF_KERAS.items() if same_rate(rate, wanted)), None)
    return f"the default of Keras' {default} was left as it is" if default else "another rate was set by hand"


def _last_rates(run: LoggedRun, phase: LoggedPhase) -> tuple[float, ...]:
    """Return the rate that a phase ended with, and the one to which its last epoch lowered it."""
    if phase.val_loss is None or not math.isfinite(phase.rate[0]):
        return phase.rate[-1:]
    return phase.rate[-1], PlateauRule.of(run.profile).rates(phase.val_loss, phase.rate[0])[-1]


def halves_on_a_plateau(run: LoggedRun) -> CheckResult:
    """The rate of every epoch is the one that the validation losses before it give (FER-S-03)."""
    found = replays(run)
    if departing := _departing(found):
        causes = explanations([replay.phase for replay in departing], run.profile)
        if causes and all(cause.clause == IMPROVEMENT for cause in causes):
            return CheckResult(
                status=Status.PASS, observed=f"as it should be, but for {causes[0].name}: see {IMPROVEMENT}"
            )
        return _departed(departing, causes)
    if close := [replay for replay in found if replay.close]:
        told = f"{close[0].where}: the rate departs, but losses are logged rounded, which may be why"
        return CheckResult(status=Status.INCONCLUSIVE, message=told)
    replayed = _evaluated(found)
    reductions = sum(replay.reductions for replay in replayed)
    if not reductions:
        raise NotEvaluable(f"{_phases(len(replayed))} without any reduction: too few epochs to show the rule")
    if told := given_by_another_patience(run, replayed):
        return CheckResult(status=Status.INCONCLUSIVE, message=told)
    told = f"{reductions} reduction{'s' * (reductions > 1)} in {_phases(len(replayed))}, as the losses give them"
    return CheckResult(status=Status.PASS, observed=told, message=_left_out(found))


def counts_small_improvements_as_none(run: LoggedRun) -> CheckResult:
    """Rates follow an improvement of at least min_delta, and would not follow any smaller one (FER-S-04)."""
    found = replays(run)
    if departing := _departing(found):
        causes = explanations([replay.phase for replay in departing], run.profile)
        clauses = {cause.clause for cause in causes}
        if clauses == {IMPROVEMENT}:
            return _departed(departing, causes)
        if IMPROVEMENT in clauses:
            return CheckResult(
                status=Status.INCONCLUSIVE,
                message=f"{departing[0].where}: the rates depart, by {_named(causes)}: they do not tell which",
            )
        raise NotEvaluable(f"the rates depart for another reason: see {PLATEAU}")
    replayed = [replay for replay in _evaluated(found) if not replay.close]
    any_counts = replace(PlateauRule.of(run.profile), min_delta=0.0)
    if not any(_contradicts(run, replay.phase, any_counts) for replay in replayed):
        raise NotEvaluable("no improvement below min_delta decides on a reduction: the rates do not show it")
    return CheckResult(status=Status.PASS, observed="with a min_delta of 0 the rates would be others")


def _contradicts(run: LoggedRun, phase: LoggedPhase, rule: PlateauRule) -> bool:
    _, departs, close = beside(run, phase, rule)
    return departs is not None and not close


def _departing(found: Sequence[PhaseReplay]) -> list[PhaseReplay]:
    """Return the phases that depart whatever their losses were before they were rounded."""
    return [replay for replay in found if replay.departs is not None and not replay.close]


def _departed(departing: Sequence[PhaseReplay], causes: Sequence[Alternative]) -> CheckResult:
    first = departing[0]
    observed, expected = first.phase.rate[first.departs], first.expected[first.departs]
    others = len(departing) - 1
    likely = _named(causes) if causes else None
    if not any(replay.reductions for replay in departing):
        likely = "the rate is never lowered: no rule for plateaus was set"
    elif not causes and decays_by_epoch(first.phase):
        likely = "the rate falls with the epochs, whatever the losses (cosine, exponential or stepwise decay)"
    return CheckResult(
        status=Status.FAIL,
        message=f"{first.where}" + (f"; {others} more of the phases depart" if others else ""),
        observed=f"rate {observed:.6g}",
        expected=f"{expected:.6g}, which the validation losses before it give",
        difference=observed - expected if math.isfinite(expected) else None,
        likely=likely or "none of the usual mistakes in one rule alone",
    )


def stops_early(run: LoggedRun) -> CheckResult:
    """Training ends in the epoch in which early stopping ends it (FER-S-05)."""
    found = stops(run)
    for phase in found:
        if phase.beyond and not phase.close:
            return _went_on(run, phase)
    last = found[-1]
    if run.finished and not (last.unknown or last.stopped or last.close or run.capped):
        return _ended_early(run, last)
    if close := next((phase for phase in found if phase.close), None):
        told = f"phase {close.number} does not end with early stopping, but losses are logged rounded, which may be why"
        return CheckResult(status=Status.INCONCLUSIVE, message=told)
    if last.unknown:
        raise NotEvaluable(f"phase {last.number}: {last.unknown}")
    if last.stopped:
        stopped = sum(phase.stopped for phase in found)
        patience = StoppingRule.of(run.profile).patience
        observed = f"{stopped} of {_phases(len(found))} end {patience} epochs after the lowest validation loss"
        return CheckResult(status=Status.PASS, observed=observed)
    if run.capped:
        raise NotEvaluable("a cap on its epochs ended it, as its record says")
    if causes := _causes_of_ends(run, found):
        return CheckResult(
            status=Status.INCONCLUSIVE,
            message=f"{_ended(last)}: interrupted, or stopped by {' or '.join(causes[:NAMED])}",
        )
    raise NotEvaluable(f"{_ended(last)}: interrupted, still going on, or limited")


def _ended(phase: PhaseStop) -> str:
    return f"phase {phase.number} ends with epoch {phase.phase.epochs[-1]}, {phase.waited} after the lowest loss"


def _ended_early(run: LoggedRun, last: PhaseStop) -> CheckResult:
    return CheckResult(
        status=Status.FAIL,
        observed=_ended(last),
        expected=f"{StoppingRule.of(run.profile).patience} epochs after it, or a log that goes on",
        likely=" or ".join(other_stops(last.phase, run.profile)[:NAMED]) or "a limit on the epochs",
    )


def _causes_of_ends(run: LoggedRun, found: Sequence[PhaseStop]) -> list[str]:
    """Return the wrong rules that end the last phase, and all others that end early and not at a length of FER-S-08."""
    lengths = spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    early = [
        other_stops(phase.phase, run.profile)
        for phase in found
        if phase is found[-1] or not (phase.unknown or phase.stopped or phase.beyond or len(phase.phase) in lengths)
    ]
    return [cause for cause in early[-1] if all(cause in causes for causes in early)]


def _went_on(run: LoggedRun, phase: PhaseStop) -> CheckResult:
    at, end = phase.phase.epochs[phase.stop], phase.phase.epochs[-1]
    causes = other_stops(phase.phase, run.profile)
    return CheckResult(
        status=Status.FAIL,
        observed=f"phase {phase.number} goes on to epoch {end}",
        expected=f"an end with epoch {at}",
        difference=float(end - at),
        likely=" or ".join(causes[:NAMED]) or "no early stopping, or one that watches something else",
    )


def keeps_the_best_epoch(run: LoggedRun) -> CheckResult:
    """What is reported is the epoch with the highest validation accuracy (FER-S-06)."""
    accuracies = [value for values in run.accuracies for value in values]
    if all(map(math.isnan, accuracies)):
        raise NotEvaluable("no validation accuracy is available")
    best, kept = best_epoch(accuracies), run.kept
    numbers = [epoch for phase in run.phases for epoch in phase.epochs]
    epochs = [f"phase {number}, epoch {epoch}" for number, of in enumerate(run.phases, 1) for epoch in of.epochs]
    expected = f"{accuracies[best]:.4f}, that of {epochs[best]}, the first of the highest"
    if kept.epoch is not None:
        if kept.epoch not in numbers:
            raise NotEvaluable(f"the line of epoch {kept.epoch}, which was kept, is lost")
        place = numbers.index(kept.epoch)
        if place == best:
            return CheckResult(status=Status.PASS, observed=f"{epochs[best]} was kept")
        last = place == len(epochs) - 1 and not run.end_lost
        return _kept_another(f"{epochs[place]} was kept", expected, "the last epoch was kept" if last else None)
    return _reported(run, accuracies, best, expected)


def _reported(run: LoggedRun, accuracies: Sequence[float], best: int, expected: str) -> CheckResult:
    told, room = run.kept.accuracy, reported_within(run)
    of_the_last = max((value for value in run.accuracies[-1] if not math.isnan(value)), default=math.nan)
    for top, of in ((accuracies[best], "the best epoch"), (of_the_last, "the best epoch of the last phase")):
        if abs(told - top) <= room:
            return CheckResult(status=Status.PASS, observed=f"{told:g} is within {room:.2g} of {of} ({top:.4f})")
    if told > accuracies[best]:
        message = f"{told:g} is reported, and no logged epoch reached it: {accuracies[best]:.4f} at best"
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    last = abs(told - accuracies[-1]) <= room
    cause = "the last epoch was kept" if last else "another epoch was kept, or it was evaluated on other images"
    return _kept_another(f"{told:g} is reported", expected, cause, told - accuracies[best])


def reported_within(run: LoggedRun) -> float:
    """Return how far a reported accuracy may lie from that of its epoch: rounding, and other arithmetic (FER-R-10)."""
    rounding = 0.0 if run.kept.digits is None else 0.5 * 10.0**-run.kept.digits
    return rounding + spec.load().number("FER-R-10", "tolerance")


def _kept_another(observed: str, expected: str, likely: str | None, difference: float | None = None) -> CheckResult:
    return CheckResult(status=Status.FAIL, observed=observed, expected=expected, difference=difference, likely=likely)


def _evaluated(found: Sequence[PhaseReplay]) -> list[PhaseReplay]:
    replayed = [replay for replay in found if not replay.unknown]
    if not replayed:
        raise NotEvaluable(f"phase {found[0].number}: {found[0].unknown}")
    return replayed


def _left_out(found: Sequence[PhaseReplay]) -> str:
    left = [f"phase {replay.number}: {replay.unknown}" for replay in found if replay.unknown]
    return f"left out: {'; '.join(left[:NAMED])}" if left else ""


def _named(causes: Sequence[Alternative]) -> str:
    more = len(causes) - NAMED
    return " or ".join(cause.name for cause in causes[:NAMED]) + (f" or {more} others" if more > 0 else "")


def _phases(count: int) -> str:
    return f"{count} phase{'s' * (count != 1)}"


def _any_of(values: Sequence[float]) -> str:
    return " or ".join(f"{value:g}" for value in values)
