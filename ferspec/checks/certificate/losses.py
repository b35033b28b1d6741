"""Checks the losses of robustness by their counts (FER-X-15), and against a new measurement (FER-X-12)."""

from __future__ import annotations

from collections.abc import Iterator

from ferspec import spec
from ferspec.checks.certificate.differences import PASS, differs, first_difference
from ferspec.checks.model.robustness.losses import Counts, Found, Step, robustness_of
from ferspec.checks.model.robustness.measure import REASONS
from ferspec.outcomes import CheckResult
from ferspec.required import required
from ferspec.spec.conditions import conditions
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.losses import LevelLoss, Robustness
from ferspec.subjects.certificates.subject import Certificate

OTHERWISE = "the document was edited, or another model, other images or another contract was certified"


def losses_follow(certificate: Certificate) -> CheckResult:
    """Every loss of robustness follows from its counts, and these are possible."""
    stated = required(certificate.report).robustness
    if stated is None:
        return PASS
    right = int((certificate.predicted == certificate.labels).sum())
    wrong = len(certificate.labels) - right
    for path, level in _levels(stated):
        if level.loss.undefined is not None and level.loss.undefined not in REASONS:
            return differs(f"{path}.loss.undefined", level.loss.undefined, "a reason of ferspec")
        if level.only_unchanged > right:
            return differs(f"{path}.only_unchanged", level.only_unchanged, f"at most {right}")
        if level.only_changed > wrong:
            return differs(f"{path}.only_changed", level.only_changed, f"at most {wrong}")
    recomputed = robustness_of(_found(stated), len(certificate.labels))
    return first_difference(
        {"robustness": stated.model_dump(mode="json")}, {"robustness": recomputed.model_dump(mode="json")}
    )


def compare_losses(stated: Report, reproduced: Report) -> CheckResult:
    """Compare the counts of every level; a few images that tie may differ (FER-X-12)."""
    most = spec.load().integer("FER-X-12", "images")
    left, right = (
        {} if report.robustness is None else dict(_levels(report.robustness)) for report in (stated, reproduced)
    )
    if [*left] != [*right]:
        return differs("levels of robustness", len(left), len(right), OTHERWISE)
    for path, one in left.items():
        other = right[path]
        if (one.name, one.loss.undefined) != (other.name, other.loss.undefined):
            return differs(path, one.loss.undefined or one.name, other.loss.undefined or other.name, OTHERWISE)
        for name in ("only_unchanged", "only_changed"):
            first, second = getattr(one, name), getattr(other, name)
            if abs(first - second) > most:
                return differs(f"{path}.{name}", first, second, OTHERWISE)
    return PASS


def _levels(robustness: Robustness) -> Iterator[tuple[str, LevelLoss]]:
    for place, condition in enumerate(robustness.conditions):
        for number, level in enumerate(condition.levels):
            yield f"robustness.conditions[{place}].levels[{number}]", level


def _found(stated: Robustness) -> dict[Step, Found]:
    """Return the recorded counts of every step of the specification; 0 where the document has no such level."""
    recorded = {(one.id, level.name): level for one in stated.conditions for level in one.levels}
    found: dict[Step, Found] = {}
    for condition in conditions():
        for amount in condition.levels:
            level = recorded.get((condition.id, condition.named(amount)))
            counts = None if level is None else Counts(level.only_unchanged, level.only_changed)
            reason = None if level is None else level.loss.undefined
            found[Step(condition.change, amount)] = reason or counts or Counts(0, 0)
    return found
