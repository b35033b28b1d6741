"""What dated data on law say of the declared use of a model, in words. Not legal advice."""

from __future__ import annotations

from ferspec.subjects.certificates.document import Report
from ferspec.use.assess import CAVEAT, Assessment, assess
from ferspec.use.records import Outcome, Rule

WORDS: dict[Outcome, str] = {
    "prohibited": "prohibited",
    "conditions": "under conditions",
    "unknown": "unknown",
}
# how the outcomes are coloured, as verdicts are
STYLES: dict[Outcome, str] = {"prohibited": "fail", "conditions": "inconclusive", "unknown": "not_evaluated"}


def assessment(report: Report) -> Assessment | None:
    """Return what the installed data say of a report's declared use, or None."""
    return None if report.use is None else assess(report.use.use, report.use.place, report.use.date)


def is_prohibited(report: Report) -> bool:
    """Return whether the declared use of a report is prohibited."""
    found = assessment(report)
    return found is not None and found.outcome == "prohibited"


def said(found: Assessment) -> str:
    """Return the outcome in one line: ``use: PROHIBITED for education in the EU on 2026-12-01: ...``."""
    declared = found.declared
    where = f"{declared.use} ({declared.place}) on {declared.date}"
    return f"use: {WORDS[found.outcome].upper()} for {where}: {_why(found)} ({CAVEAT})"


def stale(found: Assessment) -> str | None:
    """Return a warning if the data are too old for the declared day, else None."""
    if not found.is_stale:
        return None
    return f"the data on law are of {found.as_of}, {found.age} days before that day: check whether it has changed"


def cited(rule: Rule) -> str:
    """Return the law and the article of a rule."""
    return f"{rule.law}, {rule.article}"


def _why(found: Assessment) -> str:
    if found.outcome == "prohibited":
        return "; ".join(f"{cited(rule)}: {rule.title}" for rule in found.prohibitions)
    if found.outcome == "unknown":
        return "no rule of the data applies, which does not mean that none exists"
    coming = f", and from {found.coming[0].since} {cited(found.coming[0])}" if found.coming else ""
    return f"no prohibition is in the data; {', '.join(map(cited, found.rules))} apply{coming}"
