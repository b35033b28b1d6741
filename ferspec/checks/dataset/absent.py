"""Judge that an inspection finds nothing of a kind."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.datasets.inspection.findings import Finding
from ferspec.subjects.examples import first_few


def absent(found: Iterable[Finding], what: str, total: int, likely: str | None = None) -> CheckResult:
    """Return *pass* without findings, *inconclusive* for suspicions alone, and *fail* otherwise.

    ``what`` names the findings in the plural; ``total`` is the number of images that were looked at. ``likely`` is the
    cause of a failure.
    """
    found = list(found)
    certain = [finding for finding in found if not finding.suspicion]
    shown = certain or found
    status = Status.FAIL if certain else Status.INCONCLUSIVE if found else Status.PASS
    doubt = "" if certain or not found else "; a suspicion: look at them"
    return CheckResult(
        status=status,
        message=f"{first_few(map(shown_finding, shown), '; ')}{doubt}" if shown else "",
        observed=f"{what}: {len(shown):,} among {total:,} images",
        expected=f"{what}: 0",
        difference=float(len(shown)) if shown else None,
        likely=likely if certain else None,
    )


def shown_finding(finding: Finding) -> str:
    """Return a finding in words: the image, or both images with their labels, and the detail."""
    if finding.is_pair:
        place = f" in {finding.other_set}" if "another set" in finding.what else ""
        first, second = (
            " ".join(filter(None, (image, label)))
            for image, label in ((finding.image, finding.label), (finding.other_image, finding.other_label))
        )
        return f"{first} = {second}{place}"
    return f"{finding.image}: {finding.detail}"
