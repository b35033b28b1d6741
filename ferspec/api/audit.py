"""Audits training runs: whether each followed the schedule."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ferspec.api.requests import AuditRequest
from ferspec.checks.generator import checks_for_log
from ferspec.checks.run.audit import Audit, audit_runs, reported_accuracy
from ferspec.deviations import load_deviations
from ferspec.engine import declared_for, selected
from ferspec.progress import Progress, silent
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.runs.logs.find import find_training_runs, with_settings


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

    ``paths`` are run folders of this suite, files of Keras' CSVLogger, folders of TensorBoard's event files, runs,
    folders or databases of MLflow, or folders that are searched for any of these. ``weights`` are the initial weights
    of the networks, ``profile`` the one to judge by (``released`` for a run that names none), ``reported`` the
    validation accuracy (0 to 1) that is claimed; a text such as ``0.83`` is taken as rounded to its digits. With
    ``select`` only the checks run whose id contains it.

    ``UserError`` for a path without a training run, an accuracy outside 0 to 1, unreadable deviations, and a
    ``select`` that no check has.
    """
    request = AuditRequest(
        paths=(paths,) if isinstance(paths, str | Path) else tuple(paths),
        weights=weights,
        profile=profile,
        reported=reported,
        deviations=deviations,
        select=select,
    )
    return audit_request(request, progress)


def audit_request(request: AuditRequest, progress: Progress = silent) -> Audit:
    """Audit the training runs of a request."""
    checks = selected(checks_for_log(), request.select)
    accuracy = None if request.reported is None else reported_accuracy(request.reported)
    deviations = declared_for(checks, load_deviations(request.deviations) if request.deviations else ())
    logs = [find_training_runs(path, progress) for path in _different(request.paths)]
    runs = [with_settings(run, request.weights, request.profile, accuracy) for log in logs for run in log.runs]
    commands = [request.model_copy(update={"paths": (run.path,)}).reproduce for run in runs]
    return audit_runs(runs, checks, deviations, commands, [line for log in logs for line in log.skipped], progress)


def _different(paths: Iterable[str | Path]) -> list[Path]:
    """Return the paths, the first of several to one file or folder."""
    found: dict[str, Path] = {}
    for path in map(Path, paths):
        found.setdefault(os.path.realpath(path), path)
    return list(found.values())
