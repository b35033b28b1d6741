"""What a report claims and nothing can verify."""

from __future__ import annotations

from ferspec.report.words import LONGEST_NAME, shorten
from ferspec.subjects.certificates.document import Report


def claimed(report: Report) -> dict[str, str]:
    """Return names, when it was made, the lineage and the declared use."""
    names = {"model": report.subject.name, "images": report.dataset.name, "made": report.environment.created}
    if report.lineage is not None:
        names["lineage"] = f"{report.lineage.name}, certification {report.lineage.certifications:,}"
    if (use := report.use) is not None:
        names["use"] = f"{use.use}, {use.place}, {use.date}"
    return {what: shorten(name, LONGEST_NAME) for what, name in names.items()}
