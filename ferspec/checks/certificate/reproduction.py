"""Checks a certificate by its images and by running its model again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.certificate.differences import PASS, differs, first_difference, numbers_in, same_text
from ferspec.checks.certificate.losses import OTHERWISE, compare_losses
from ferspec.checks.model.checks import model_checks
from ferspec.outcomes import CheckResult, Outcome, Status
from ferspec.required import required
from ferspec.subjects.certificates.build import dataset_info
from ferspec.subjects.certificates.document import Diagnosis, Report
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.groups import is_note_on_groups
from ferspec.subjects.datasets.manifest import without_examples
from ferspec.subjects.datasets.readers.listing import ORDER

# claims that nothing can compare, or what other checks compare
ELSEWHERE: Any = {
    "kind": True,
    "environment": True,
    "digest": True,
    "spec": True,
    "counts": True,
    "verdict": True,
    "metrics": True,
    "known": True,
    "reductions": True,
    "isolation": True,
    "use": True,
    "predictions": True,
    "outcomes": True,
    "diagnoses": True,
    "robustness": True,
    "search": {"asked"},
    "subject": {"name"},
    "dataset": {"name", "notes"},
}
# checks of which everything is equal in each run; other checks that run the model ask about images drawn at random
CERTAIN = ("FER-B-01", "FER-B-02")
WORDS = ("title", "place", "expected", "likely")
FIGURES = ("observed", "message", "difference")
# half a unit of the third significant digit, to which an observation is rounded
ROUNDED = 0.005
# log10 of a p value that is too small for a float
LEAST_DECADE = -400.0
BARELY = "the diagnosis is barely significant, or barely a gain: a few images that tie decide whether it is made"


def dataset_is_the_certified_one(certificate: Certificate) -> CheckResult:
    """The given images are those of the manifest, and the certificate describes them correctly."""
    dataset, report = required(certificate.dataset), required(certificate.report)
    described, likely = dataset_info(dataset, dataset.manifest()), "another dataset, or one that was changed"
    if report.dataset.form == "in memory":
        # the manifest of images in memory is that of an .npz file of the same pixels, whose labels may be numbers
        notes = tuple(note for note in described.notes if not note.startswith(ORDER))
        described = described.model_copy(update={"form": "in memory", "notes": notes})
        likely = "it was made from images in memory: give an .npz file of the same pixels and labels"
    reductions = () if dataset.found is None else dataset.found.reductions
    # the name depends on the folder, and a groups file that is not available adds its own note
    stated = list(map(without_examples, report.dataset.notes))
    if certificate.unavailable_groups:
        stated = [note for note in stated if not is_note_on_groups(note)]
    found = first_difference(
        report.dataset.model_dump(exclude={"name", "notes"})
        | {"notes": stated, "reductions": [reduction.model_dump() for reduction in report.reductions]},
        described.model_dump(exclude={"name", "notes"})
        | {"notes": list(described.notes), "reductions": [reduction.model_dump() for reduction in reductions]},
        likely,
    )
    if found.status is Status.FAIL:
        return found
    groups = {name: list(values) for name, values in (certificate.groups or {}).items() if name in dataset.groups}
    listed = dataset if report.sequential is None else dataset.take(sorted(report.sequential.order))
    return first_difference(
        {"manifest": [entry.model_dump() for entry in report.manifest], "groups": groups},
        {
            "manifest": [entry.model_dump() for entry in dataset.manifest()],
            "groups": {name: list(listed.groups[name]) for name in groups},
        },
        likely,
    )


def model_is_the_certified_one(certificate: Certificate) -> CheckResult:
    """The given model is, byte for byte, the certified one."""
    source, subject = certificate.source, required(certificate.report).subject
    return first_difference(
        {"format": subject.format, "digest": subject.digest},
        {} if source is None else {"format": source.format, "digest": source.digest},
        likely="another model, or another export",
    )


def predictions_are_reproduced(certificate: Certificate) -> CheckResult:
    """The model, run on the images, gives the recorded predictions."""
    reproduced, stated = certificate.recertified, required(certificate.report)
    tolerance = spec.load().number("FER-X-08", "tolerance")
    left, right = _probabilities(reproduced), _probabilities(stated)
    if left.shape != right.shape or (np.isnan(left) != np.isnan(right)).any():
        stated_missing, missing = (int(np.isnan(rows).all(axis=1).sum()) for rows in (right, left))
        return differs("number of images without an answer", stated_missing, missing, OTHERWISE)
    difference = float(np.nanmax(np.abs(left - right)))
    if difference > tolerance:
        return CheckResult(
            status=Status.FAIL,
            observed=f"probabilities differ by up to {difference:.3g}",
            expected=f"at most {tolerance:g}",
            difference=difference - tolerance,
            likely="another model, other images, or another contract",
        )
    return PASS


def findings_are_reproduced(certificate: Certificate) -> CheckResult:
    """The model, judged again on the images, gives the recorded outcomes, diagnoses and losses, whole."""
    reproduced, stated = certificate.recertified, required(certificate.report)
    results = (
        _compare_kinds(stated, reproduced),
        first_difference(_shared(stated), _shared(reproduced), OTHERWISE),
        compare_outcomes(stated, reproduced),
        compare_diagnoses(stated, reproduced),
        compare_losses(stated, reproduced),
    )
    worst = next((result for result in results if result.status is Status.FAIL), PASS)
    return worst if worst is not PASS else next((each for each in results if each.status is not Status.PASS), PASS)


def _compare_kinds(stated: Report, reproduced: Report) -> CheckResult:
    """Conclude nothing if the kinds differ: FER-X-05 checks the kind, except for the isolation."""
    if stated.kind == reproduced.kind:
        return PASS
    return CheckResult(
        status=Status.INCONCLUSIVE,
        observed=f"kind = {stated.kind}",
        expected=f"kind = {reproduced.kind}",
        message="the model is isolated here in another way than where the certificate was made",
    )


def compare_outcomes(stated: Report, reproduced: Report) -> CheckResult:
    """Compare the outcomes of all checks that run the model; FER-X-09 recomputes the others."""
    running = {check.id: check for check in model_checks(()) if "run" in check.needs}
    ours = {outcome.check: outcome for outcome in reproduced.outcomes}
    for outcome in stated.outcomes:
        if outcome.check not in running:
            continue
        new = ours.get(outcome.check)
        if new is None or outcome.status is not new.status:
            return differs(f"{outcome.check} status", outcome.status, new and new.status, OTHERWISE)
        for name in (*WORDS, *FIGURES):
            left, right = getattr(outcome, name), getattr(new, name)
            certain = name in WORDS or outcome.clause in CERTAIN
            if left != right if certain else not same_text(left, right, same_drawn_number):
                return differs(f"{outcome.check} {name}", left, right, OTHERWISE)
        if not _differences_follow(outcome, new):
            return differs(f"{outcome.check} difference", outcome.difference, new.difference, OTHERWISE)
    return PASS


def _differences_follow(left: Outcome, right: Outcome) -> bool:
    """Return whether two differences are as far apart as a figure of the two observations."""
    same = left.difference == right.difference
    if None in (left.difference, right.difference) or (same and left.observed == right.observed):
        return same
    change = required(left.difference) - required(right.difference)
    figures = zip(*(numbers_in(outcome.observed) for outcome in (left, right)), strict=True)
    return any(
        abs(change * unit - (one - other)) <= ROUNDED * (abs(one) + abs(other))
        for one, other in figures
        for unit in (1, 100)
    )


def same_drawn_number(left: float, right: float) -> bool:
    """Return whether two numbers may be of one check that draws images (FER-X-12)."""
    share, tolerance = spec.load().number("FER-X-12", "share"), spec.load().number("FER-X-08", "tolerance")
    return abs(left - right) <= share * max(abs(left), abs(right)) + tolerance


def compare_diagnoses(stated: Report, reproduced: Report) -> CheckResult:
    """Compare diagnoses by kind. Conclude nothing from one that is barely significant and missing in one report."""
    left, right = ({each.kind: each for each in report.diagnoses} for report in (stated, reproduced))
    doubtful = PASS
    for kind in left | right:
        one, other = left.get(kind), right.get(kind)
        if one is None or other is None:
            found = differs(f"diagnosis of the {kind}", one and one.message, other and other.message, OTHERWISE)
            if not is_marginal(required(one or other)):
                return found
            doubtful = found.model_copy(update={"status": Status.INCONCLUSIVE, "message": BARELY, "likely": None})
            continue
        for name, first, second in _parts(one, other):
            if first != second:
                return differs(f"diagnosis of the {kind}, {name}", first, second, OTHERWISE)
    if len(left) != len(stated.diagnoses):
        return differs("number of diagnoses", len(stated.diagnoses), len(left), "the document was edited")
    order = [kind for kind in left if kind in right], [kind for kind in right if kind in left]
    return doubtful if order[0] == order[1] else differs("order of the diagnoses", *order, OTHERWISE)


def is_marginal(diagnosis: Diagnosis) -> bool:
    """Return whether a few images that tie could make a diagnosis appear or disappear (FER-X-12)."""
    if diagnosis.gain.value is None:
        return False
    least, alpha = (spec.load().number("FER-Z-05", name) for name in ("least_gain", "alpha"))
    barely_gains = diagnosis.gain.value <= least + _gain_tolerance(diagnosis)
    return barely_gains or abs(decades(diagnosis.p_value) - decades(alpha)) <= spec.load().number("FER-X-12", "decades")


def decades(p_value: float | None) -> float:
    """Return log10 of a p value, so that small ones are compared by their size; 0 for none."""
    if p_value is None:
        return 0.0
    return max(LEAST_DECADE, math.log10(p_value)) if p_value > 0 else LEAST_DECADE


def _parts(stated: Diagnosis, reproduced: Diagnosis) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and both values of every part of two diagnoses; numbers within their tolerance are equal."""
    for name in ("declared", "likely", "n"):
        yield name, getattr(stated, name), getattr(reproduced, name)
    for name in ("method", "undefined"):
        yield f"gain.{name}", getattr(stated.gain, name), getattr(reproduced.gain, name)
    yield "message", _wording(stated), _wording(reproduced)
    for name in ("value", "low", "high"):
        left, right = getattr(stated.gain, name), getattr(reproduced.gain, name)
        near = None not in (left, right) and abs(left - right) <= _gain_tolerance(reproduced)
        yield f"gain.{name}", right if near else left, right
    left, right = stated.p_value, reproduced.p_value
    near = None not in (left, right) and abs(decades(left) - decades(right)) <= spec.load().number(
        "FER-X-12", "decades"
    )
    yield "p_value", right if near else left, right


def _wording(diagnosis: Diagnosis) -> str:
    """Return the message without its gain, which must be the gain of the diagnosis."""
    points = f"costs {100 * (diagnosis.gain.value or 0):.1f} points"
    return diagnosis.message.replace(points, "costs its gain", 1)


def _gain_tolerance(diagnosis: Diagnosis) -> float:
    return spec.load().number("FER-X-12", "images") / max(1, diagnosis.n)


def _shared(report: Report) -> dict[str, Any]:
    """Return what two runs share exactly, whatever fields a report gains."""
    return report.model_dump(mode="json", exclude=ELSEWHERE)


def _probabilities(report: Report) -> np.ndarray:
    """Return the recorded columns, or probabilities, or 1 for the class alone; NaN without an answer."""
    names = [*spec.load().classes, *report.subject.class_set.unread]
    one_hot = np.eye(len(names))
    rows = [p.columns or p.probabilities or (p.answer and one_hot[names.index(p.answer)]) for p in report.predictions]
    width = next(len(row) for row in rows if row is not None)
    return np.array([np.full(width, np.nan) if row is None else row for row in rows], dtype=np.float64)
