"""The check that a training's report follows from its predictions: figures and intervals (FER-R-08)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ferspec import spec
from ferspec.checks.run.departures import Departure, finding
from ferspec.engine import Check
from ferspec.leaves import differing_leaves, is_number
from ferspec.outcomes import CheckResult
from ferspec.reference.bootstrap import Resampling, protocol_resampling
from ferspec.reference.figures import Figure
from ferspec.subjects.runs.artifacts.folder import RunFolder
from ferspec.subjects.runs.artifacts.metrics import RunReport, report_of
from ferspec.subjects.runs.artifacts.record import PREDICTIONS, REPORT, RUN

# values do not depend on how many replicates an interval rests on
FEW = 2
DRAWN = "bootstrap"


def reports_what_was_predicted(folder: RunFolder) -> CheckResult:
    """The figures of the report follow from the predictions."""
    return finding(_misreported(folder), f"{REPORT} follows from {PREDICTIONS}")


REPORT_CHECKS = (Check("FER-R-08", reports_what_was_predicted, needs=(RUN, PREDICTIONS, REPORT)),)


def _misreported(folder: RunFolder) -> Iterator[Departure]:
    run, stated = folder.run, folder.report
    follows = report_of(folder.predictions, run.cell, run.settings.profile, _few())
    tolerance = spec.load().number("FER-R-08", "tolerance")
    documents = [_comparable(report.model_dump(include={"parts"})) for report in (stated, follows)]
    for path, told, true in differing_leaves(*documents, tolerance):
        yield Departure(
            f"{path} {_number(told)}",
            f"{_number(true)}, which follows from {PREDICTIONS}",
            _why_misreported(stated, follows, path, told, tolerance),
            told - true if is_number(told) and is_number(true) else None,
        )


def _why_misreported(stated: RunReport, follows: RunReport, path: str, told: Any, tolerance: float) -> str:
    """Return the likely cause of a wrong figure: another average, other images, or a report of something else."""
    names = path.split(".")
    part = follows.parts.get(names[1]) if len(names) > 1 else None
    if part is not None and is_number(told):
        averages = (part.metrics.precision, part.metrics.recall, part.metrics.f1)
        whole = (part.metrics.accuracy, *(average.weighted for average in averages))
        if "as_run" in names and any(_close(told, figure, tolerance) for figure in whole):
            return "taken over all images, not over the whole batches that the profile evaluates"
        if "macro" not in names and any(_close(told, average.macro, tolerance) for average in averages):
            return "the macro average stands for the weighted one"
    if stated.parts.keys() == follows.parts.keys() and len(stated.parts) > 1:
        turned = [stated.parts[name].metrics.confusion_matrix for name in reversed(list(follows.parts))]
        if turned == [part.metrics.confusion_matrix for part in follows.parts.values()]:
            return "the figures of validation and BTFER were exchanged"
    return "the report is of other predictions, or was edited"


def _close(told: float, figure: Figure, tolerance: float) -> bool:
    return figure.value is not None and abs(told - figure.value) <= tolerance


def _comparable(document: Any) -> Any:
    """Return a document in which of an interval by bootstrap stands only how it was had, and whether it is one.

    Its ends are drawn, and how many replicates it rests on depends on who computes it.
    """
    if isinstance(document, dict):
        values = {key: _comparable(value) for key, value in document.items()}
        method = document.get("method")
        if method is not None and method.startswith(DRAWN):
            values |= {"low": None, "high": None, "method": method.partition(" (")[0]}
            values["encloses its value"] = _encloses(document)
        return values
    return [_comparable(value) for value in document] if isinstance(document, list | tuple) else document


def _encloses(figure: dict[str, Any]) -> bool:
    low, value, high = (figure[name] for name in ("low", "value", "high"))
    return None not in (low, value, high) and low <= value <= high


def _few() -> Resampling:
    return replace(protocol_resampling(), replicates=FEW)


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
