"""Compute, write and read report.json, the metrics of a run's predictions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.records import Count, Record
from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling
from ferspec.reference.evaluation import evaluate
from ferspec.reference.measured import Evaluation
from ferspec.reference.schedule import evaluated_images
from ferspec.spec.records import Profile
from ferspec.subjects.runs.artifacts.predictions import RunPredictions
from ferspec.subjects.runs.artifacts.record import SplitName

LARGEST = 16 << 20


class AsRun(Record):
    """Hold support-weighted metrics over the first whole batches, as in the released runs."""

    n: Count
    accuracy: float
    precision: float
    recall: float
    f1: float


class SplitReport(Record):
    """Hold the metrics of one split over all images and, in profile ``released``, ``as_run``."""

    metrics: Evaluation
    as_run: AsRun | None = None


class RunReport(Record):
    """Hold the metrics of one training for every test split."""

    schema_version: Literal["1"] = "1"
    cell: str
    profile: Profile
    parts: dict[SplitName, SplitReport]


def report_of(
    predictions: Mapping[SplitName, RunPredictions], cell: str, profile: Profile, resampling: Resampling | None = None
) -> RunReport:
    """Compute the metrics of a run's predictions deterministically.

    In a profile that drops the last partial batch (FER-V-02), ``as_run`` covers only the first images that fill whole
    batches of the usual size (FER-V-03), or all images if there are fewer. ``resampling`` is used for the intervals;
    the default is the protocol's.
    """
    parts = {name: _split_report(part, profile, resampling) for name, part in predictions.items()}
    return RunReport(cell=cell, profile=profile, parts=parts)


def read_run_report(path: str | Path) -> RunReport:
    """Read the report of a run. Raise ``UserError`` if it is missing, unreadable, or of another version."""
    path = Path(path)
    try:
        return RunReport.model_validate_json(read_bounded(path, LARGEST, "the report of a run"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"]]))
        raise UserError(f"{path} is not the report of a run: {where}") from None


def _split_report(part: RunPredictions, profile: Profile, resampling: Resampling | None) -> SplitReport:
    measured = evaluate(part.labels, part.predicted, part.probabilities, resampling=resampling)
    return SplitReport(metrics=measured, as_run=_as_run(part, profile))


def _as_run(part: RunPredictions, profile: Profile) -> AsRun | None:
    known = spec.load()
    if known.text("FER-V-02", "partial_batch", profile) == "kept":
        return None
    usual = known.integers("FER-V-03", "batch_sizes")[0]
    n = evaluated_images(len(part), usual, profile)
    matrix = metrics.confusion_matrix(part.labels[:n], part.predicted[:n])
    averages = {metric.__name__: metric(matrix) for metric in (metrics.precision, metrics.recall, metrics.f1)}
    return AsRun(
        n=n,
        accuracy=float(metrics.accuracy(matrix)),
        **{name: float(metrics.weighted(values, matrix)) for name, values in averages.items()},
    )
