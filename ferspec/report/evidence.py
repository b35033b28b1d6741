"""What a certificate knows that documents and requirements ask for."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.reference.measured import Slice
from ferspec.report.robustness.rows import largest
from ferspec.report.words import LONGEST_NAME, file_size, images_name, points_range, share, shorten
from ferspec.subjects.certificates.document import Report
from ferspec.use.records import Evidence

NO_GROUPS = "No groups were declared (--groups): nothing is known of how the accuracy differs between groups of people."
# the check of changes that keep the label, and those of repeated answers
ROBUSTNESS = ("FER-B-10",)
REPEATED = ("FER-B-05", "FER-B-06", "FER-B-07", "FER-B-09")


def evidence(report: Report, kind: Evidence) -> str:
    """Return what a certificate knows about one of the paper's requirements."""
    if kind == "accuracy":
        return accuracy(report)
    if kind == "groups":
        return " ".join(groups(report))
    if kind == "cost":
        return cost(report)
    if kind == "robustness":
        return robustness(report)
    return "A certificate does not show this."


def accuracy(report: Report) -> str:
    """Return the accuracy with its interval, and the images it is on."""
    images = images_name(report.dataset, LONGEST_NAME)
    return f"Accuracy {share(report.metrics.accuracy)} on {report.metrics.n:,} images of {images}."


def groups(report: Report) -> list[str]:
    """Return the gap of every declared column of groups, or that none is declared."""
    columns = [one for one in report.metrics.slices if one.columns == 1]
    return [_gap(one) for one in columns] or [NO_GROUPS]


def cost(report: Report) -> str:
    """Return size, operations and time of a model, as far as they are known."""
    found = report.subject.cost
    parts = [
        None if report.subject.file_bytes is None else f"files of {file_size(report.subject.file_bytes)}",
        None if found.parameters is None else f"{found.parameters:,} parameters",
        None if found.multiply_adds is None else f"{found.multiply_adds:,} multiply-adds for an image",
        None if report.environment.milliseconds is None else _milliseconds(report),
    ]
    known = ", ".join(filter(None, parts))
    return f"{known[:1].upper()}{known[1:]}." if known else "Size, operations and time are unknown."


def robustness(report: Report) -> str:
    """Return the outcomes of checks that change what is asked, and the measured losses."""
    said = [*_outcomes(report, ROBUSTNESS), *_outcomes(report, REPEATED)]
    others = "Other changes were not tried." if report.robustness is None else largest(report.robustness)
    return f"{'; '.join(said)}. {others}" if said else "No such check was made."


def _outcomes(report: Report, clauses: Iterable[str]) -> list[str]:
    words = {"pass": "holds", "fail": "fails", "inconclusive": "inconclusive", "not_evaluated": "not evaluated"}
    chosen = {*clauses}
    return [
        f"{shorten(outcome.title, 80)} ({outcome.clause}): {words[outcome.status.value]}"
        for outcome in report.outcomes
        if outcome.clause in chosen
    ]


def _gap(one: Slice) -> str:
    column = shorten(one.column, LONGEST_NAME)
    if one.gap.value is None or one.best is None or one.worst is None:
        return f"{column}: not evaluated, {one.gap.undefined}."
    ends = f"{shorten(one.best, LONGEST_NAME)} and {shorten(one.worst, LONGEST_NAME)}"
    points = f"{100 * one.gap.value:.1f} points ({points_range(one.gap)})"
    return f"{column}: {one.result}, {points} between {ends}."


def _milliseconds(report: Report) -> str:
    return f"{report.environment.milliseconds:.3g} ms for an image in batches, on {report.environment.processor}"
