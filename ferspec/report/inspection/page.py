"""The page of an inspection: what is wrong with a set, its accuracy without the leak, and its composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Template

from ferspec import spec
from ferspec.outcomes import Status
from ferspec.report.inspection.thumbnails import ROWS, SUSPECTS, Shown, by_check, key_of
from ferspec.report.inspection.words import accuracies, decisive, headed, remedies
from ferspec.report.judged_page import judged_template
from ferspec.report.shown import BLOCKS
from ferspec.report.terminal import details
from ferspec.report.words import by_urgency, level, number_range, percent, percent_range
from ferspec.subjects.datasets.inspection.document import InspectionReport


def render_inspection(report: InspectionReport, pictures: Mapping[Shown, str], deidentified: bool = False) -> str:
    """Return the page, without scripts or external files; ``pictures`` are those of ``thumbnails``."""
    titles = {outcome.check: outcome for outcome in report.outcomes}
    found = [(titles[check], rows) for check, rows in by_check(report.findings) if check in titles]
    known = None if report.dataset is None else spec.load().datasets[report.dataset]
    return _template().render(
        report=report,
        titles=titles,
        found=found,
        decisive=decisive(report),
        remedies=remedies(report),
        urgent=[o for o in by_urgency(report.outcomes) if o.status in (Status.FAIL, Status.INCONCLUSIVE)],
        expected=() if known is None else known.counts,
        most=max(report.composition.classes.values(), default=0) or 1,
        pictures=pictures,
        deidentified=deidentified,
        blocks=BLOCKS,
        accuracies=accuracies(report.answered) if report.answered else (),
    )


@cache
def _template() -> Template:
    filters: dict[str, Callable[..., Any]] = {
        "details": details,
        "headed": headed,
        "percent": percent,
        "percent_range": percent_range,
        "number_range": number_range,
    }
    names = {"ROWS": ROWS, "SUSPECTS": SUSPECTS, "key_of": key_of, "level": level}
    return judged_template("inspection.html", filters, names)
