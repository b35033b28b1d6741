"""Checks that the metrics and intervals of a training's report follow from its predictions (FER-R-08)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ferspec import spec
from ferspec.checks.run.mismatches import Mismatch, result_of
from ferspec.engine import Check
from ferspec.leaves import differing_leaves, is_number
from ferspec.outcomes import CheckResult
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.measured import Metric
from ferspec.required import required
from ferspec.subjects.runs.artifacts.folder import RunFolder
from ferspec.subjects.runs.artifacts.metrics import RunReport, report_of
from ferspec.subjects.runs.artifacts.record import PREDICTIONS, REPORT, RUN

# metrics do not depend on the number of replicates of their intervals
FEW_REPLICATES = 2
BOOTSTRAP = "bootstrap"


def reports_its_predictions(folder: RunFolder) -> CheckResult:
    """The metrics of the report follow from the predictions."""
    return result_of(_report_mismatches(folder), f"{REPORT} follows from {PREDICTIONS}")


REPORT_CHECKS = (Check("FER-R-08", reports_its_predictions, needs=(RUN, PREDICTIONS, REPORT)),)


def _report_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    run, stated = required(folder.run), required(folder.report)
    resampling = replace(protocol_resampling(), replicates=FEW_REPLICATES)
    recomputed = report_of(required(folder.predictions), run.cell, run.settings.profile, resampling)
    tolerance = spec.load().number("FER-R-08", "tolerance")
    documents = [_comparable(report.model_dump(include={"parts"})) for report in (stated, recomputed)]
    for path, value, expected in differing_leaves(documents[0], documents[1], tolerance):
        yield Mismatch(
            f"{path} {_number(value)}",
            f"{_number(expected)}, which follows from {PREDICTIONS}",
            _likely_cause(stated, recomputed, path, value, tolerance),
            value - expected if is_number(value) and is_number(expected) else None,
        )


def _likely_cause(stated: RunReport, recomputed: RunReport, path: str, value: Any, tolerance: float) -> str:
    """Return the likely cause of a wrong metric: another average, other images, or another report."""
    names = path.split(".")
    part = next((part for name, part in recomputed.parts.items() if names[1:2] == [name]), None)
    if part is not None and is_number(value):
        averages = (part.metrics.precision, part.metrics.recall, part.metrics.f1)
        overall = (part.metrics.accuracy, *(average.weighted for average in averages))
        if "as_run" in names and any(_close(value, figure, tolerance) for figure in overall):
            return "computed over all images, not over the complete batches that the profile evaluates"
        if "macro" not in names and any(_close(value, average.macro, tolerance) for average in averages):
            return "the macro average was reported as the weighted one"
    if stated.parts.keys() == recomputed.parts.keys() and len(stated.parts) > 1:
        swapped = [stated.parts[name].metrics.confusion_matrix for name in reversed(list(recomputed.parts))]
        if swapped == [part.metrics.confusion_matrix for part in recomputed.parts.values()]:
            return "the metrics of validation and BTFER were swapped"
    return "the report is of other predictions, or was edited"


def _close(value: float, figure: Metric, tolerance: float) -> bool:
    return figure.value is not None and abs(value - figure.value) <= tolerance


def _comparable(document: Any) -> Any:
    """Return a document with bootstrap intervals replaced by whether they enclose their value.

    The ends of such an interval are random, and the number of replicates depends on who computes it.
    """
    if isinstance(document, dict):
        values = {key: _comparable(value) for key, value in document.items()}
        method = document.get("method")
        if method is not None and method.startswith(BOOTSTRAP):
            values |= {"low": None, "high": None, "method": method.partition(" (")[0]}
            values["encloses its value"] = _encloses(document)
        return values
    return [_comparable(value) for value in document] if isinstance(document, list | tuple) else document


def _encloses(figure: dict[str, Any]) -> bool:
    low, value, high = (figure[name] for name in ("low", "value", "high"))
    return None not in (low, value, high) and low <= value <= high


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
