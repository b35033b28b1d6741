"""Audits training runs: whether each followed the schedule."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ferspec.api.requests import AuditRequest
from ferspec.api.results.drawing import lines
from ferspec.api.results.judged import Judged, counted, outcomes_frame
from ferspec.checks.generator import checks_for_log
from ferspec.checks.run.audit import Audit, audit_runs, reported_accuracy
from ferspec.deviations import load_deviations
from ferspec.engine import declared_for, selected
from ferspec.progress import Progress, silent
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.runs.logs.find import find_training_runs, with_settings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Series = Literal["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


@dataclass(frozen=True, repr=False)
class TrainingAudit(Judged, Audit):
    """Everything that was audited, as tables and curves."""

    def summary(self) -> str:
        """Return the number of runs, the verdict, and the counts of outcomes."""
        runs = "1 training run" if len(self.runs) == 1 else f"{len(self.runs):,} training runs"
        return f"audit of {runs}: {self.verdict.replace('_', ' ')}, {counted(self.counts)}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per run and check, with what was observed and expected."""
        import pandas as pd

        tables = {one.run.title: outcomes_frame(one.judgement.outcomes) for one in self.runs}
        return pd.concat(tables, names=["run"])

    @property
    def history(self) -> pd.DataFrame:
        """A row per run, phase and epoch, with the logged metrics and learning rate."""
        import pandas as pd

        tables = [
            pd.DataFrame(
                {
                    "run": one.run.title,
                    "phase": number,
                    "epoch": phase.epochs,
                    "loss": phase.loss,
                    "accuracy": phase.accuracy,
                    "val_loss": phase.val_loss,
                    "val_accuracy": phase.val_accuracy,
                    "learning_rate": phase.rate,
                }
            )
            for one in self.runs
            for number, phase in enumerate(one.run.phases, start=1)
        ]
        return pd.concat(tables, ignore_index=True)

    def plot_history(self, series: Series = "val_loss", ax: Axes | None = None) -> Axes:
        """Draw one logged series of every run over its epochs with Matplotlib; return the axes."""
        axes = lines({str(run): rows[series].tolist() for run, rows in self.history.groupby("run", sort=False)}, ax)
        axes.set(ylabel=series)
        return axes

    def to_json(self) -> str:
        """Return the document that ``ferspec audit --json`` prints."""
        return json.dumps(self.document(), indent=2)

    def page(self) -> str:
        """Return the page of all runs, with their curves."""
        from ferspec.report.audit_page import render_audit

        return render_audit(self)

    def _write(self, folder: Path) -> None:
        from ferspec.report.audit_page import write_audit_page

        write_audit_page(self, folder)


def audit(
    paths: str | Path | Iterable[str | Path],
    weights: Weights | None = None,
    profile: Profile | None = None,
    reported: float | str | None = None,
    deviations: str | Path | None = None,
    select: str = "",
    progress: Progress = silent,
) -> TrainingAudit:
    """Judge from their logs whether training runs followed the schedule (FER-S-02 to FER-S-08).

    ``paths`` are run folders of this suite, logs of other trainers (tables, JSON, Keras' output), folders of
    TensorBoard's event files, runs, folders or databases of MLflow, or folders that are searched for any of these.
    ``weights`` are the initial weights of the networks, ``profile`` the one to judge by (``released`` for a run that
    names none), ``reported`` the validation accuracy (0 to 1) that is claimed; a text such as ``0.83`` is taken as
    rounded to its digits. With ``select`` only the checks run whose id contains it.

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


def audit_request(request: AuditRequest, progress: Progress = silent) -> TrainingAudit:
    """Audit the training runs of a request."""
    checks = selected(checks_for_log(), request.select)
    accuracy = None if request.reported is None else reported_accuracy(request.reported)
    deviations = declared_for(checks, load_deviations(request.deviations) if request.deviations else ())
    logs = [find_training_runs(path, progress) for path in _different(request.paths)]
    runs = [with_settings(run, request.weights, request.profile, accuracy) for log in logs for run in log.runs]
    commands = [request.model_copy(update={"paths": (run.path,)}).reproduce for run in runs]
    skipped = [line for log in logs for line in log.skipped]
    audited = audit_runs(runs, checks, deviations, commands, skipped, progress)
    return TrainingAudit(audited.runs, audited.outside, audited.skipped)


def _different(paths: Iterable[str | Path]) -> list[Path]:
    """Return the paths, the first of several to one file or folder."""
    found: dict[str, Path] = {}
    for path in map(Path, paths):
        found.setdefault(os.path.realpath(path), path)
    return list(found.values())
