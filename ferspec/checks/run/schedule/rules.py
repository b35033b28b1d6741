"""Checks that the log of a training run follows the schedule (FER-S-02 to FER-S-06)."""

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
    compare_rates,
    equivalent_patience,
    replays,
    stops,
)
from ferspec.checks.run.schedule.rounded_losses import same_rate
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.schedule import PlateauRule, StoppingRule, best_epoch
from ferspec.required import required
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.phases import LoggedPhase

MOST_NAMED = 3
SCRATCH = "scratch"
DEFAULTS_OF_KERAS = {1e-2: "SGD", 1e-3: "Adam"}


def starts_at_a_known_rate(run: LoggedRun) -> CheckResult:
    """Every phase starts at a learning rate of the protocol (FER-S-02)."""
    known = spec.load().numbers("FER-S-02", "initial_rates", run.profile)
    first_rates = [
        (number, phase.rate[0])
        for number, phase in enumerate(run.phases, start=1)
        if phase.rate and run.whole_beginnings[number - 1] and math.isfinite(phase.rate[0])
    ]
    if not first_rates:
        raise NotEvaluable("no phase logs the rate of its first epoch")
    for number, rate in first_rates:
        if not any(same_rate(rate, wanted) for wanted in known):
            return CheckResult(
                status=Status.FAIL,
                observed=f"phase {number} starts at {rate:g}",
                expected=any_of(known),
                likely=_why_this_rate(run, number, rate),
            )
    return CheckResult(status=Status.PASS, observed=f"starts at {', '.join(f'{rate:g}' for _, rate in first_rates)}")


def _why_this_rate(run: LoggedRun, number: int, rate: float) -> str | None:
    before = run.phases[number - 2] if number > 1 else None
    if before and before.rate and any(same_rate(rate, last) for last in _last_rates(run, before)):
        return "it continues at the last rate of the previous phase: the optimiser was not reset"
    default = next((name for wanted, name in DEFAULTS_OF_KERAS.items() if same_rate(rate, wanted)), None)
    return f"the default of Keras' {default} was not changed" if default else "another rate was set by hand"


def _last_rates(run: LoggedRun, phase: LoggedPhase) -> tuple[float, ...]:
    """Return the last rate of a phase, and the one after its last epoch."""
    rates = required(phase.rate)
    if phase.val_loss is None or not math.isfinite(rates[0]):
        return rates[-1:]
    return rates[-1], PlateauRule.of(run.profile).rates(phase.val_loss, rates[0])[-1]


def halves_on_a_plateau(run: LoggedRun) -> CheckResult:
    """The learning rate of every epoch follows from the validation losses before it (FER-S-03)."""
    phases = replays(run)
    if mismatched := _mismatched(phases):
        causes = explanations([replay.phase for replay in mismatched], run.profile)
        if causes and all(cause.clause == IMPROVEMENT for cause in causes):
            return CheckResult(status=Status.PASS, observed=f"correct except for {causes[0].name}: see {IMPROVEMENT}")
        return _other_reading(run, mismatched, causes) or _rate_failure(mismatched, causes)
    if rounded := [replay for replay in phases if replay.may_be_rounding]:
        message = f"{rounded[0].where}: the rate differs, but the losses are logged rounded, which may explain it"
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    replayed = _evaluated(phases)
    reductions = sum(replay.reductions for replay in replayed)
    if not reductions:
        raise NotEvaluable(f"{count_phases(len(replayed))} without any reduction: too few epochs to show the rule")
    if ambiguity := equivalent_patience(run, replayed):
        return CheckResult(status=Status.INCONCLUSIVE, message=ambiguity)
    observed = f"{reductions} reduction{'s' * (reductions > 1)} in {count_phases(len(replayed))}, as the losses require"
    return CheckResult(status=Status.PASS, observed=observed, message=_skipped(phases))


def ignores_small_improvements(run: LoggedRun) -> CheckResult:
    """An improvement counts only if it is at least min_delta (FER-S-04)."""
    phases = replays(run)
    if mismatched := _mismatched(phases):
        causes = explanations([replay.phase for replay in mismatched], run.profile)
        clauses = {cause.clause for cause in causes}
        if clauses == {IMPROVEMENT}:
            return _other_reading(run, mismatched, causes) or _rate_failure(mismatched, causes)
        if IMPROVEMENT in clauses:
            message = f"{mismatched[0].where}: the rates differ because of {_listed(causes)}; they do not show which"
            return CheckResult(status=Status.INCONCLUSIVE, message=message)
        raise NotEvaluable(f"the rates differ for another reason: see {PLATEAU}")
    replayed = [replay for replay in _evaluated(phases) if not replay.may_be_rounding]
    any_improvement = replace(PlateauRule.of(run.profile), min_delta=0.0)
    if not any(_contradicts(run, replay.phase, any_improvement) for replay in replayed):
        raise NotEvaluable("no reduction depends on an improvement below min_delta: the rates do not show the rule")
    return CheckResult(status=Status.PASS, observed="with a min_delta of 0 the rates would differ")


def _contradicts(run: LoggedRun, phase: LoggedPhase, rule: PlateauRule) -> bool:
    _, mismatch, may_be_rounding = compare_rates(run, phase, rule)
    return mismatch is not None and not may_be_rounding


def _mismatched(phases: Sequence[PhaseReplay]) -> list[PhaseReplay]:
    """Return the phases whose rates are wrong even if losses were rounded."""
    return [replay for replay in phases if replay.mismatch is not None and not replay.may_be_rounding]


def _other_reading(
    run: LoggedRun, mismatched: Sequence[PhaseReplay], causes: Sequence[Alternative]
) -> CheckResult | None:
    """Return that a second phase explains the rates as well as a wrong rule does; None if it does not."""
    if not may_have_a_second_phase(run):
        return None
    message = (
        f"{mismatched[0].where}: the rate differs because of {_listed(causes) if causes else 'another rule'}, "
        f"or because a second phase begins with epoch {any_epoch(run.may_begin)}: both replay"
    )
    return CheckResult(status=Status.INCONCLUSIVE, message=message)


def may_have_a_second_phase(run: LoggedRun) -> bool:
    """Return whether another reading of the epochs has a second phase. None is right from scratch."""
    return bool(run.may_begin) and run.weights != SCRATCH


def first_phase_alone(run: LoggedRun) -> str:
    """Return, in words, that the only phase has the length of a first one; empty if it has not."""
    lengths = spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    if len(run.phases) > 1 or run.weights == SCRATCH or len(run.phases[0]) not in lengths:
        return ""
    return f"the only phase has {len(run.phases[0])} epochs, the length of a first phase: the second is not logged"


def _rate_failure(mismatched: Sequence[PhaseReplay], causes: Sequence[Alternative]) -> CheckResult:
    first = mismatched[0]
    epoch = required(first.mismatch)
    observed, expected = required(first.phase.rate)[epoch], first.expected[epoch]
    others = len(mismatched) - 1
    likely = _listed(causes) if causes else None
    if not any(replay.reductions for replay in mismatched):
        likely = "the rate is never reduced: no plateau rule was set"
    elif not causes and decays_by_epoch(first.phase):
        likely = "the rate decreases by epoch, independent of the losses (cosine, exponential or stepwise decay)"
    return CheckResult(
        status=Status.FAIL,
        message=f"{first.where}" + (f"; {others} more phases differ" if others else ""),
        observed=f"rate {observed:.6g}",
        expected=f"{expected:.6g}, which follows from the validation losses before it",
        difference=observed - expected if math.isfinite(expected) else None,
        likely=likely or "no single common mistake explains it",
    )


def stops_early(run: LoggedRun) -> CheckResult:
    """Training ends in the epoch after which early stopping ends it (FER-S-05)."""
    phases = stops(run)
    for phase in phases:
        if phase.overran and not phase.may_be_rounding and may_have_a_second_phase(run):
            message = f"{_overrun(phase)}, or a second phase begins with epoch {any_epoch(run.may_begin)}: both replay"
            return CheckResult(status=Status.INCONCLUSIVE, message=message)
        if phase.overran and not phase.may_be_rounding:
            return _overrun_failure(run, phase)
    last = phases[-1]
    if run.finished and not (last.unknown or last.stopped or last.may_be_rounding or run.capped):
        return _early_end_failure(run, last)
    if rounded := next((phase for phase in phases if phase.may_be_rounding), None):
        message = (
            f"phase {rounded.number} does not end with early stopping, but the losses are logged rounded, "
            "which may explain it"
        )
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    if last.unknown:
        raise NotEvaluable(f"phase {last.number}: {last.unknown}")
    if last.stopped:
        stopped = sum(phase.stopped for phase in phases)
        patience = StoppingRule.of(run.profile).patience
        observed = f"{stopped} of {count_phases(len(phases))} end {patience} epochs after the lowest validation loss"
        return CheckResult(status=Status.PASS, observed=observed)
    if run.capped:
        raise NotEvaluable("a cap on its epochs ended it, as its record says")
    if causes := _causes_of_ends(run, phases):
        message = f"{_ended(last)}: interrupted, or stopped by {' or '.join(causes[:MOST_NAMED])}"
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    raise NotEvaluable(f"{_ended(last)}: {first_phase_alone(run) or 'interrupted, still running, or limited'}")


def _ended(phase: PhaseStop) -> str:
    return f"phase {phase.number} ends with epoch {phase.phase.epochs[-1]}, {phase.waited} after the lowest loss"


def _early_end_failure(run: LoggedRun, last: PhaseStop) -> CheckResult:
    return CheckResult(
        status=Status.FAIL,
        observed=_ended(last),
        expected=f"{StoppingRule.of(run.profile).patience} epochs after it, or a log that continues",
        likely=" or ".join(other_stops(last.phase, run.profile)[:MOST_NAMED]) or "a limit on the epochs",
    )


def _causes_of_ends(run: LoggedRun, phases: Sequence[PhaseStop]) -> list[str]:
    """Return the wrong rules that explain all unexpected ends and that of the last phase."""
    lengths = spec.load().integers("FER-S-08", "frozen_epochs", run.profile)
    early = [
        other_stops(phase.phase, run.profile)
        for phase in phases
        if phase is phases[-1] or not (phase.unknown or phase.stopped or phase.overran or len(phase.phase) in lengths)
    ]
    return [cause for cause in early[-1] if all(cause in causes for causes in early)]


def _overrun(phase: PhaseStop) -> str:
    return f"phase {phase.number} continues to epoch {phase.phase.epochs[-1]}"


def _overrun_failure(run: LoggedRun, phase: PhaseStop) -> CheckResult:
    stop, end = phase.phase.epochs[required(phase.stop)], phase.phase.epochs[-1]
    causes = other_stops(phase.phase, run.profile)
    return CheckResult(
        status=Status.FAIL,
        observed=_overrun(phase),
        expected=f"an end with epoch {stop}",
        difference=float(end - stop),
        likely=" or ".join(causes[:MOST_NAMED]) or "no early stopping, or one that monitors another metric",
    )


def keeps_the_best_epoch(run: LoggedRun) -> CheckResult:
    """The reported epoch is the one with the highest validation accuracy (FER-S-06)."""
    accuracies = [value for values in run.accuracies for value in values]
    if all(map(math.isnan, accuracies)):
        raise NotEvaluable("no validation accuracy is available")
    best, kept = best_epoch(accuracies), required(run.kept)
    numbers = [epoch for phase in run.phases for epoch in phase.epochs]
    epochs = [f"phase {number}, epoch {epoch}" for number, phase in enumerate(run.phases, 1) for epoch in phase.epochs]
    expected = f"{accuracies[best]:.4f}, that of {epochs[best]}, the first of the highest"
    if kept.epoch is None:
        return _reported(run, accuracies, best, expected)
    if kept.epoch not in numbers:
        raise NotEvaluable(f"the log line of epoch {kept.epoch}, which was kept, is lost")
    index = numbers.index(kept.epoch)
    if index == best:
        return CheckResult(status=Status.PASS, observed=f"{epochs[best]} was kept")
    last = index == len(epochs) - 1 and not run.end_lost
    likely = "the last epoch was kept" if last else None
    return CheckResult(status=Status.FAIL, observed=f"{epochs[index]} was kept", expected=expected, likely=likely)


def _reported(run: LoggedRun, accuracies: Sequence[float], best: int, expected: str) -> CheckResult:
    reported, tolerance = required(run.kept).accuracy, reported_tolerance(run)
    best_of_last = max((value for value in run.accuracies[-1] if not math.isnan(value)), default=math.nan)
    for top, epoch in ((accuracies[best], "the best epoch"), (best_of_last, "the best epoch of the last phase")):
        if abs(reported - top) <= tolerance:
            observed = f"{reported:g} is within {tolerance:.2g} of {epoch} ({top:.4f})"
            return CheckResult(status=Status.PASS, observed=observed)
    if reported > accuracies[best]:
        message = f"{reported:g} is reported, but no logged epoch reached it: {accuracies[best]:.4f} at best"
        return CheckResult(status=Status.INCONCLUSIVE, message=message)
    last = abs(reported - accuracies[-1]) <= tolerance
    return CheckResult(
        status=Status.FAIL,
        observed=f"{reported:g} is reported",
        expected=expected,
        difference=reported - accuracies[best],
        likely="the last epoch was kept" if last else "another epoch was kept, or it was evaluated on other images",
    )


def reported_tolerance(run: LoggedRun) -> float:
    """Return the tolerance of a reported accuracy: its rounding plus float error (FER-R-10)."""
    digits = required(run.kept).digits
    rounding = 0.0 if digits is None else 0.5 * 10.0**-digits
    return rounding + spec.load().number("FER-R-10", "tolerance")


def _evaluated(phases: Sequence[PhaseReplay]) -> list[PhaseReplay]:
    replayed = [replay for replay in phases if not replay.unknown]
    if not replayed:
        raise NotEvaluable(f"phase {phases[0].number}: {phases[0].unknown}")
    return replayed


def _skipped(phases: Sequence[PhaseReplay]) -> str:
    skipped = [f"phase {replay.number}: {replay.unknown}" for replay in phases if replay.unknown]
    return f"skipped: {'; '.join(skipped[:MOST_NAMED])}" if skipped else ""


def _listed(causes: Sequence[Alternative]) -> str:
    more = len(causes) - MOST_NAMED
    return " or ".join(cause.name for cause in causes[:MOST_NAMED]) + (f" or {more} others" if more > 0 else "")


def count_phases(count: int) -> str:
    return f"{count} phase{'s' * (count != 1)}"


def any_of(values: Sequence[float]) -> str:
    return " or ".join(f"{value:g}" for value in values)


def any_epoch(epochs: Sequence[int]) -> str:
    """Return epochs in words: ``1 to 11``, or ``8, 10 or 20``."""
    if len(epochs) > 2 and epochs[-1] - epochs[0] == len(epochs) - 1:
        return f"{epochs[0]} to {epochs[-1]}"
    *others, last = map(str, epochs)
    return f"{', '.join(others)} or {last}" if others else last
