"""Audits training runs: opens them, runs the checks on each, and counts how they end."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ferspec.checks.generator import checks_for_log
from ferspec.checks.run.schedule.notes import same_validation, schedule_notes
from ferspec.checks.run.schedule.replay import PhaseReplay, PhaseStop, replays, stops
from ferspec.deviations import load_deviations
from ferspec.engine import Check, count, judge, outcome_of, unused, verdict_of
from ferspec.errors import UserError
from ferspec.outcomes import Counts, Deviation, Judgement, Outcome, Status, Verdict
from ferspec.progress import Progress, silent
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.runs.logs.find import find_training_runs, with_settings
from ferspec.subjects.runs.logs.logged_run import Kept, LoggedRun


@dataclass(frozen=True)
class AuditedRun:
    """One training run with the outcomes of its checks, its phases compared to the schedule, and notes."""

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
    def first_failure(self) -> str:
        """The first failure in words, empty where there is none."""
        failed = (of for of in self.judgement.outcomes if of.status is Status.FAIL and of.declared is None)
        first = next(failed, None)
        return "" if first is None else f"{first.clause}: {first.message.partition(';')[0] or first.observed}"


@dataclass(frozen=True)
class Audit:
    """Everything that was audited; ``rated`` phases log a learning rate, ``replayed`` ones log the right rates.

    ``outside`` are failures of no run in particular: deviations that cover nothing. ``skipped`` says of files in a
    folder why they are no training runs.
    """

    runs: tuple[AuditedRun, ...]
    outside: tuple[Outcome, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return (*(outcome for run in self.runs for outcome in run.judgement.outcomes), *self.outside)

    @property
    def verdict(self) -> Verdict:
        counting = (outcome for of in self.runs for outcome in _counting(of.run, of.judgement))
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


def audit(
    paths: str | Path | Iterable[str | Path],
    weights: Weights | None = None,
    profile: Profile | None = None,
    reported: float | str | None = None,
    deviations: str | Path | None = None,
    select: str = "",
    progress: Progress = silent,
) -> Audit:
    """Judge whether training runs followed the schedule, as their logs tell (FER-S-02 to FER-S-08).

    ``paths`` are run folders of this suite, files of Keras' CSVLogger, folders of TensorBoard's event files, runs,
    folders or databases of MLflow's, or folders that are searched for any of these. ``weights`` are what the networks
    started from, ``profile`` the one to judge by (of a run that names none: ``released``), ``reported`` the validation
    accuracy (0 to 1) that is claimed; a text such as ``0.83`` is taken as rounded to its digits. ``select`` runs only
    the checks whose id contains it.

    ``UserError`` for a path that holds no training run, and an accuracy, deviations or a selection that are none.
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    checks = _selected(select)
    kept = None if reported is None else _reported(reported)
    clauses = {check.clause for check in checks}
    declared = [of for of in (load_deviations(deviations) if deviations else ()) if of.clause in clauses]
    found = [find_training_runs(path, progress) for path in _different(paths)]
    runs = [with_settings(run, weights, profile, kept) for of in found for run in of.runs]
    again = {"weights": weights, "profile": profile, "reported": reported, "deviations": deviations}
    shared = same_validation(runs)
    audited = []
    for place, run in enumerate(runs):
        audited.append(_audited(run, checks, declared, _reproducing(run, again), shared.get(place)))
        progress("auditing", place + 1, len(runs))
    outcomes = [outcome for of in audited for outcome in of.judgement.outcomes]
    return Audit(tuple(audited), tuple(unused(declared, outcomes)), tuple(line for of in found for line in of.skipped))


def _audited(
    run: LoggedRun, checks: Sequence[Check], declared: Sequence[Deviation], reproduce: str, shared: str | None
) -> AuditedRun:
    outcomes = [outcome_of(check, run, reproduce) for check in checks]
    failed = {outcome.clause for outcome in outcomes if outcome.status is Status.FAIL}
    # an entry need not cover a failure of every run, but of one
    judgement = judge([check.id for check in checks], outcomes, [of for of in declared if of.clause in failed])
    judgement = replace(judgement, verdict=verdict_of(_counting(run, judgement)))
    notes = schedule_notes(run) + ((shared,) if shared else ())
    return AuditedRun(run, judgement, replays(run), stops(run), notes)


def _counting(run: LoggedRun, judgement: Judgement) -> tuple[Outcome, ...]:
    """Return the outcomes that make the verdict: all, but of a run that is not a protocol run its failures alone."""
    failed = (outcome for outcome in judgement.outcomes if outcome.status is Status.FAIL)
    return tuple(failed) if run.deviations else judgement.outcomes


def _different(paths: Iterable[str | Path]) -> Iterable[Path]:
    """Return the paths, of several to one file or folder the first."""
    found: dict[str, Path] = {}
    for path in map(Path, paths):
        found.setdefault(os.path.realpath(path), path)
    return found.values()


def _selected(select: str) -> tuple[Check, ...]:
    checks = tuple(check for check in checks_for_log() if select in check.id)
    if not checks:
        raise UserError(
            f"no check id contains '{select}': known are {', '.join(check.id for check in checks_for_log())}"
        )
    return checks


def _reported(told: float | str) -> Kept:
    try:
        accuracy, exponent = float(told), Decimal(str(told).strip()).as_tuple().exponent
    except (ValueError, InvalidOperation):
        accuracy = -1.0
    if not 0 <= accuracy <= 1:
        raise UserError(f"a reported accuracy is a number from 0 to 1, such as 0.83, not {told}")
    # a whole number is no rounded one: 1 does not stand for 0.6
    return Kept(accuracy, digits=-exponent if isinstance(told, str) and exponent < 0 else None)


def _reproducing(run: LoggedRun, settings: dict[str, Any]) -> str:
    words = ["ferspec", "audit", str(run.path)]
    for name, value in settings.items():
        words += [] if value is None else [f"--{name}", str(value)]
    return shlex.join(words)


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
        "reason": audited.not_a_protocol_run,
        "deviations": list(run.deviations),
        "counts": audited.judgement.counts.model_dump(by_alias=True),
        "phases": phases,
        "outcomes": [outcome.model_dump(mode="json") for outcome in audited.judgement.outcomes],
        "notes": list(audited.notes),
    }


def _rate(replay: PhaseReplay, place: int) -> float | None:
    """Return a logged rate, None for one that is not logged or no number, which JSON does not know."""
    rates = replay.phase.rate
    return rates[place] if rates and math.isfinite(rates[place]) else None
