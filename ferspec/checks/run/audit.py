"""Audits training runs: opens them, runs the checks on each, and collects the outcomes."""

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
        """The first undeclared failure in words; empty without failures."""
        for outcome in self.judgement.outcomes:
            if outcome.status is Status.FAIL and outcome.declared is None:
                return f"{outcome.clause}: {outcome.message.partition(';')[0] or outcome.observed}"
        return ""


@dataclass(frozen=True)
class Audit:
    """The audit of one or more runs; ``rated`` phases log a learning rate, ``replayed`` ones log the right rates.

    ``outside`` are failures that belong to no single run: deviations that cover no failure. ``skipped`` says, for each
    skipped file of a folder, why it is not a training run.
    """

    runs: tuple[AuditedRun, ...]
    outside: tuple[Outcome, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return (*(outcome for run in self.runs for outcome in run.judgement.outcomes), *self.outside)

    @property
    def verdict(self) -> Verdict:
        decisive = (outcome for audited in self.runs for outcome in _decisive(audited.run, audited.judgement))
        return verdict_of((*decisive, *self.outside))

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
    """Judge from their logs whether training runs followed the schedule (FER-S-02 to FER-S-08).

    ``paths`` are run folders of this suite, CSVLogger files of Keras, folders of TensorBoard event files, MLflow runs,
    folders or databases, or folders to search for any of these. ``weights`` are the initial weights of the networks,
    ``profile`` the one to judge by (default: the run's own, else ``released``), ``reported`` the claimed validation
    accuracy (0 to 1); a text such as ``0.83`` counts as rounded to its digits. ``select`` runs only the checks whose id
    contains it.

    ``UserError`` for a path without a training run, and for an invalid accuracy, deviations file or selection.
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    checks = _selected(select)
    kept = None if reported is None else _reported(reported)
    clauses = {check.clause for check in checks}
    declared = [entry for entry in (load_deviations(deviations) if deviations else ()) if entry.clause in clauses]
    searches = [find_training_runs(path, progress) for path in _unique(paths)]
    runs = [with_settings(run, weights, profile, kept) for search in searches for run in search.runs]
    settings = {"weights": weights, "profile": profile, "reported": reported, "deviations": deviations}
    shared = same_validation(runs)
    audited = []
    for index, run in enumerate(runs):
        audited.append(_audited(run, checks, declared, _command(run, settings), shared.get(index)))
        progress("auditing", index + 1, len(runs))
    outcomes = [outcome for one in audited for outcome in one.judgement.outcomes]
    skipped = tuple(line for search in searches for line in search.skipped)
    return Audit(tuple(audited), tuple(unused(declared, outcomes)), skipped)


def _audited(
    run: LoggedRun, checks: Sequence[Check], declared: Sequence[Deviation], reproduce: str, shared: str | None
) -> AuditedRun:
    outcomes = [outcome_of(check, run, reproduce) for check in checks]
    failed = {outcome.clause for outcome in outcomes if outcome.status is Status.FAIL}
    # an entry must cover a failure of at least one run, not of each
    judgement = judge([check.id for check in checks], outcomes, [entry for entry in declared if entry.clause in failed])
    judgement = replace(judgement, verdict=verdict_of(_decisive(run, judgement)))
    notes = schedule_notes(run) + ((shared,) if shared else ())
    return AuditedRun(run, judgement, replays(run), stops(run), notes)


def _decisive(run: LoggedRun, judgement: Judgement) -> tuple[Outcome, ...]:
    """Return the outcomes that decide the verdict: all, or only the failures if the run declares deviations."""
    failed = (outcome for outcome in judgement.outcomes if outcome.status is Status.FAIL)
    return tuple(failed) if run.deviations else judgement.outcomes


def _unique(paths: Iterable[str | Path]) -> Iterable[Path]:
    """Return the paths without those that lead to an earlier file or folder."""
    unique: dict[str, Path] = {}
    for path in map(Path, paths):
        unique.setdefault(os.path.realpath(path), path)
    return unique.values()


def _selected(select: str) -> tuple[Check, ...]:
    checks = tuple(check for check in checks_for_log() if select in check.id)
    if not checks:
        known = ", ".join(check.id for check in checks_for_log())
        raise UserError(f"no check id contains '{select}': known are {known}")
    return checks


def _reported(value: float | str) -> Kept:
    try:
        accuracy, exponent = float(value), Decimal(str(value).strip()).as_tuple().exponent
    except (ValueError, InvalidOperation):
        accuracy = -1.0
    if not 0 <= accuracy <= 1:
        raise UserError(f"a reported accuracy is a number from 0 to 1, such as 0.83, not {value}")
    # a whole number does not count as rounded: 1 does not stand for 0.6
    rounded = isinstance(value, str) and int(exponent) < 0
    return Kept(accuracy, digits=-int(exponent) if rounded else None)


def _command(run: LoggedRun, settings: dict[str, Any]) -> str:
    """Return the command that repeats the audit of one run."""
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


def _rate(replay: PhaseReplay, index: int) -> float | None:
    """Return a logged rate, or None where it is missing or not finite."""
    rates = replay.phase.rate
    return rates[index] if rates and math.isfinite(rates[index]) else None
