"""Audits opened training runs: runs the checks on each, and counts how they end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from ferspec.checks.run.schedule.notes import same_validation, schedule_notes
from ferspec.checks.run.schedule.replay import PhaseReplay, PhaseStop, replays, stops, with_rates_of_next
from ferspec.checks.run.schedule.restarts import with_restarts
from ferspec.engine import Check, count, judge, outcome_of, unused, verdict_of
from ferspec.errors import UserError
from ferspec.outcomes import Counts, Deviation, Judgement, Outcome, Status, Verdict
from ferspec.progress import Progress, silent
from ferspec.subjects.runs.logs.logged_run import Kept, LoggedRun

# reductions of the rate, and the end: without either, a log shows nothing of the schedule
SCHEDULE = ("FER-S-03", "FER-S-05")


@dataclass(frozen=True)
class AuditedRun:
    """One training run with outcomes, phases compared to the schedule, and notes."""

    run: LoggedRun
    judgement: Judgement
    replays: tuple[PhaseReplay, ...]
    stops: tuple[PhaseStop, ...]
    notes: tuple[str, ...]

    @property
    def not_a_protocol_run(self) -> str:
        """The deviations that its record declares, in words; empty without deviations."""
        return f"not a protocol run: {'; '.join(self.run.deviations)}" if self.run.deviations else ""

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, in words: the first failure, a deviation, or what could not be judged."""
        undecided = next((one.message for one in self.judgement.outcomes if one.status is Status.INCONCLUSIVE), "")
        return self.first_failure or self.not_a_protocol_run or undecided or _unseen(self.judgement.outcomes)

    @property
    def first_failure(self) -> str:
        """The first failure in words, empty where there is none."""
        undeclared = (one for one in self.judgement.outcomes if one.status is Status.FAIL and one.declared is None)
        first = next(undeclared, None)
        return "" if first is None else f"{first.clause}: {first.message.partition(';')[0] or first.observed}"


@dataclass(frozen=True)
class Audit:
    """Everything that was audited; ``rated`` phases log a learning rate, ``replayed`` ones log the right rates.

    ``outside`` are failures that belong to none of the runs: deviations that cover nothing. ``skipped`` has a line for
    each file in a folder that is not a training run, with the reason.
    """

    runs: tuple[AuditedRun, ...]
    outside: tuple[Outcome, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return (*(outcome for run in self.runs for outcome in run.judgement.outcomes), *self.outside)

    @property
    def verdict(self) -> Verdict:
        counting = (outcome for one in self.runs for outcome in _counting(one.run, one.judgement.outcomes))
        return verdict_of((*counting, *self.outside))

    @property
    def counts(self) -> Counts:
        return count(self.outcomes)

    @property
    def phases(self) -> int:
        return sum(len(run.replays) for run in self.runs)

    @property
    def rated(self) -> int:
        return sum(replay.phase.rate is not None for run in self.runs for replay in run.replays)

    @property
    def replayed(self) -> int:
        return sum(not replay.unknown and replay.mismatch is None for run in self.runs for replay in run.replays)

    def document(self) -> dict[str, Any]:
        """Return the audit as a JSON-serialisable document."""
        return {
            "verdict": self.verdict,
            "counts": self.counts.model_dump(by_alias=True),
            "phases": {"logged": self.phases, "with_rates": self.rated, "replayed": self.replayed},
            "runs": [_document(audited) for audited in self.runs],
            "outcomes": [outcome.model_dump(mode="json") for outcome in self.outside],
            "skipped": list(self.skipped),
        }


def audit_runs(
    runs: Sequence[LoggedRun],
    checks: Sequence[Check],
    deviations: Sequence[Deviation],
    commands: Sequence[str],
    skipped: Iterable[str] = (),
    progress: Progress = silent,
) -> Audit:
    """Run the checks on each training run; ``commands`` are what audits each of them again."""
    shared = same_validation(runs)
    audited = []
    found = (with_restarts(with_rates_of_next(run)) for run in runs)
    for place, (run, command) in enumerate(zip(found, commands, strict=True)):
        audited.append(_audited(run, checks, deviations, command, shared.get(place)))
        progress("auditing", place + 1, len(runs))
    outcomes = [outcome for one in audited for outcome in one.judgement.outcomes]
    return Audit(tuple(audited), tuple(unused(deviations, outcomes)), tuple(skipped))


def reported_accuracy(reported: float | str) -> Kept:
    """Return a reported accuracy; a text is taken as rounded to its digits.

    ``UserError`` for anything but a number from 0 to 1.
    """
    try:
        accuracy, exponent = float(reported), Decimal(str(reported).strip()).as_tuple().exponent
    except (ValueError, InvalidOperation):
        accuracy, exponent = -1.0, 0
    if not 0 <= accuracy <= 1:
        raise UserError(f"a reported accuracy is a number from 0 to 1, such as 0.83, not {reported}")
    # a whole number is not a rounded one: 1 does not stand for 0.6
    rounded = isinstance(reported, str) and isinstance(exponent, int) and exponent < 0
    return Kept(accuracy, digits=-int(exponent) if rounded else None)


def _audited(
    run: LoggedRun, checks: Sequence[Check], declared: Sequence[Deviation], reproduce: str, shared: str | None
) -> AuditedRun:
    outcomes = [outcome_of(check, run, reproduce) for check in checks]
    failed = {outcome.clause for outcome in outcomes if outcome.status is Status.FAIL}
    # an entry has to cover a failure of one run, not of every run
    covering = [deviation for deviation in declared if deviation.clause in failed]
    judgement = judge([check.id for check in checks], outcomes, covering)
    judgement = replace(judgement, verdict=verdict_of(_counting(run, judgement.outcomes)))
    notes = schedule_notes(run) + ((shared,) if shared else ())
    return AuditedRun(run, judgement, replays(run), stops(run), notes)


def _counting(run: LoggedRun, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """Return the outcomes that decide the verdict.

    Only the failures of a run that is not a protocol run count. Passes do not count if the log shows nothing of the
    schedule.
    """
    if run.deviations:
        return [outcome for outcome in outcomes if outcome.status is Status.FAIL]
    return [outcome for outcome in outcomes if outcome.status is not Status.PASS] if _unseen(outcomes) else outcomes


def _unseen(outcomes: Sequence[Outcome]) -> str:
    """Return why nothing of the schedule was judged, neither the plateau rule nor the end; empty if something was."""
    seen = [outcome for outcome in outcomes if outcome.clause in SCHEDULE]
    if not seen or any(outcome.status is not Status.NOT_EVALUATED for outcome in seen):
        return ""
    return f"nothing of the schedule was seen: {'; '.join(dict.fromkeys(outcome.message for outcome in seen))}"


def _document(audited: AuditedRun) -> dict[str, Any]:
    run = audited.run
    phases = [
        {
            "epochs": len(replay.phase),
            "first_epoch": replay.phase.epochs[0],
            "first_rate": _rate(replay, 0),
            "last_rate": _rate(replay, -1),
            "replays": None if replay.unknown else replay.mismatch is None,
            "departs_at_epoch": None if replay.mismatch is None else replay.phase.epochs[replay.mismatch],
            "stopping_epoch": None if stop.unknown or stop.stop is None else stop.phase.epochs[stop.stop],
            "ends_by_early_stopping": None if stop.unknown else stop.stopped,
        }
        for replay, stop in zip(audited.replays, audited.stops, strict=True)
    ]
    return {
        "path": str(run.path),
        "name": run.name,
        "format": run.format,
        "profile": run.profile,
        "cell": run.cell,
        "weights": run.weights,
        "verdict": audited.judgement.verdict,
        "reason": audited.reason,
        "deviations": list(run.deviations),
        "counts": audited.judgement.counts.model_dump(by_alias=True),
        "phases": phases,
        "outcomes": [outcome.model_dump(mode="json") for outcome in audited.judgement.outcomes],
        "notes": list(audited.notes),
    }


def _rate(replay: PhaseReplay, place: int) -> float | None:
    """Return a logged rate; None if it is missing, NaN or infinite."""
    rates = replay.phase.rate
    return rates[place] if rates and math.isfinite(rates[place]) else None
