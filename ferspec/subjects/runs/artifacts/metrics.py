"""The figures of a run, as its predictions alone determine them: report.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ferspec import spec
from ferspec.errors import UserError
from ferspec.records import Count, Record
from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling
from ferspec.reference.evaluation import evaluate
from ferspec.reference.figures import Evaluation
from ferspec.reference.schedule import evaluated_images
from ferspec.spec.records import Profile
from ferspec.subjects.runs.artifacts.predictions import RunPredictions
from ferspec.subjects.runs.artifacts.record import PartName

LARGEST = 16 << 20


class AsRun(Record):
    """The figures as the released runs took them: over the first whole batches, the averages support-weighted."""

    n: Count
    accuracy: float
    precision: float
    recall: float
    f1: float


class PartReport(Record):
    """The figures of one part: over all images, and as the runs took them where the profile is theirs."""

    metrics: Evaluation
    as_run: AsRun | None = None


class RunReport(Record):
    """The figures of one training on every part it was tested on."""

    schema_version: Literal["1"] = "1"
    cell: str
    profile: Profile
    parts: dict[PartName, PartReport]


def report_of(
    predictions: Mapping[PartName, RunPredictions], cell: str, profile: Profile, resampling: Resampling | None = None
) -> RunReport:
    """Return the figures of a run's predictions; the same predictions always give the same report.

    Under a profile that drops the last partial batch (FER-V-02), ``as_run`` holds the figures over as many of the
    first images as fill whole batches of the usual size (FER-V-03); of fewer than one batch, over all. ``resampling``
    is that of the intervals, by default the protocol's.
    """
    parts = {name: _part_report(part, profile, resampling) for name, part in predictions.items()}
    return RunReport(cell=cell, profile=profile, parts=parts)


def read_run_report(path: str | Path) -> RunReport:
    """Return the report of a run; ``UserError`` where it is missing, unreadable, or not one of this version."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for the report of a run")
        return RunReport.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"]]))
        raise UserError(f"{path} is not the report of a run: {where}") from None


def _part_report(part: RunPredictions, profile: Profile, resampling: Resampling | None) -> PartReport:
    measured = evaluate(part.labels, part.predicted, part.probabilities, resampling=resampling)
    return PartReport(metrics=measured, as_run=_as_run(part, profile))


def _as_run(part: RunPredictions, profile: Profile) -> AsRun | None:
    known = spec.load()
    if known.text("FER-V-02", "partial_batch", profile) == "kept":
        return None
    usual = known.integers("FER-V-03", "batch_sizes")[0]
    n = evaluated_images(len(part), usual, profile)
    matrix = metrics.confusion_matrix(part.labels[:n], part.predicted[:n])
    averages = {of.__name__: of(matrix) for of in (metrics.precision, metrics.recall, metrics.f1)}
    return AsRun(
        n=n,
        accuracy=float(metrics.accuracy(matrix)),
        **{name: float(metrics.weighted(figure, matrix)) for name, figure in averages.items()},
    )
