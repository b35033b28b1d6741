"""Checks on a certificate: every figure is computed again from what it records (clauses FER-X-01 to FER-X-09)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.claims import claim_checks, parse_claim
from ferspec.checks.model import MODEL_CHECKS
from ferspec.engine import Check, Finding, Outcome, Status, count, outcome_of, verdict_of
from ferspec.reference.evaluation import evaluate
from ferspec.report.certificate import Certificate
from ferspec.report.document import Report, digest_of
from ferspec.subjects.manifest import digest
from ferspec.subjects.model import WHY_MISSING

FROM_PREDICTIONS = ("FER-B-03", "FER-B-04", "FER-B-08")


def is_whole(certificate: Certificate) -> Finding:
    """The document is whole and the published schema accepts it."""
    if certificate.defect:
        return Finding(status=Status.FAIL, observed=certificate.defect, expected="a document that the schema accepts")
    return Finding(status=Status.PASS)


def has_its_digest(certificate: Certificate) -> Finding:
    """The stated digest is the digest of the content."""
    return _equal(certificate.document.get("digest"), digest_of(certificate.document), likely="the document was edited")


def figures_follow(certificate: Certificate) -> Finding:
    """Every figure is what the recorded predictions give."""
    again = evaluate(certificate.labels, certificate.predicted, certificate.probabilities, certificate.groups)
    return _first_difference(certificate.report.metrics.model_dump(mode="json"), again.model_dump(mode="json"))


def counts_and_verdict_follow(certificate: Certificate) -> Finding:
    """Counts and verdict are what the recorded outcomes give, and every planned check has its outcome."""
    report = certificate.report
    planned = [check.id for check in MODEL_CHECKS + claim_checks(map(parse_claim, report.claims))]
    ran = [outcome.check for outcome in report.outcomes if not outcome.check.startswith("deviations[")]
    stated = {"checks": ran, "counts": report.counts.model_dump(), "verdict": report.verdict}
    follows = {
        "checks": planned,
        "counts": count(report.outcomes).model_dump(),
        "verdict": verdict_of(report.outcomes),
    }
    return _first_difference(stated, follows)


def manifest_follows(certificate: Certificate) -> Finding:
    """The manifest's digest is its own, and the predictions are of its images with its labels."""
    report = certificate.report
    stated = {
        "manifest_digest": report.dataset.manifest_digest,
        "images": [[prediction.image, prediction.label] for prediction in report.predictions],
        "support": report.dataset.support,
        "n": report.dataset.n,
    }
    labels = [entry.label for entry in report.manifest]
    follows = {
        "manifest_digest": digest(report.manifest),
        "images": [[entry.pixels_sha256, entry.label] for entry in report.manifest],
        "support": {name: labels.count(name) for name in spec.load().classes},
        "n": len(report.manifest),
    }
    return _first_difference(stated, follows)


def dataset_is_the_certified_one(certificate: Certificate) -> Finding:
    """The images at hand are those of the manifest."""
    found = digest(certificate.dataset.manifest())
    return _equal(found, certificate.report.dataset.manifest_digest, likely="another dataset, or one that was changed")


def model_is_the_certified_one(certificate: Certificate) -> Finding:
    """The model at hand is, byte for byte, the one that was certified."""
    return _equal(
        certificate.source.digest, certificate.report.subject.digest, likely="another model, or another export"
    )


def predictions_come_again(certificate: Certificate) -> Finding:
    """The model, run on the images, gives the recorded predictions and the recorded diagnoses."""
    again, stated = certificate.certified_again, certificate.report
    if len(again.predictions) != len(stated.predictions):
        return _equal(f"{len(again.predictions)} images", f"{len(stated.predictions)} images", "another dataset")
    tolerance = spec.load().value("FER-X-08", "tolerance")
    apart = float(np.abs(_probabilities(again) - _probabilities(stated)).max())
    if apart > tolerance:
        return Finding(
            status=Status.FAIL,
            observed=f"probabilities apart by up to {apart:.3g}",
            expected=f"at most {tolerance:g}",
            difference=apart - tolerance,
            likely="another model, other images, or another contract",
        )
    return _first_difference(_findings(stated), _findings(again))


def outcomes_follow(certificate: Certificate) -> Finding:
    """The outcomes that need no model are what the recorded predictions give."""
    recorded = {outcome.check: outcome for outcome in certificate.report.outcomes}
    checks = MODEL_CHECKS + claim_checks(map(parse_claim, certificate.report.claims))
    for check in checks:
        if check.clause not in FROM_PREDICTIONS or check.id not in recorded:
            continue
        again = outcome_of(check, _Recorded(certificate))
        difference = _first_difference(_essence(recorded[check.id]), _essence(again))
        if difference.status is Status.FAIL:
            return difference.model_copy(update={"observed": f"{check.id} {difference.observed}"})
    return Finding(status=Status.PASS)


CERTIFICATE_CHECKS = (
    Check("FER-X-01", is_whole),
    Check("FER-X-02", has_its_digest),
    Check("FER-X-03", figures_follow, needs=("whole",)),
    Check("FER-X-04", counts_and_verdict_follow, needs=("whole",)),
    Check("FER-X-05", manifest_follows, needs=("whole",)),
    Check("FER-X-06", dataset_is_the_certified_one, needs=("whole", "dataset")),
    Check("FER-X-07", model_is_the_certified_one, needs=("whole", "model")),
    Check("FER-X-08", predictions_come_again, needs=("whole", "dataset", "model")),
    Check("FER-X-09", outcomes_follow, needs=("whole",)),
)


class _Recorded:
    """The recorded predictions in the place of a model that can be run."""

    model = None

    def __init__(self, certificate: Certificate) -> None:
        self.labels, self.predicted = certificate.labels, certificate.predicted
        self.probabilities = certificate.probabilities
        self.evaluation = evaluate(self.labels, self.predicted, self.probabilities, certificate.groups)

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset() if self.probabilities is None else frozenset({"probabilities"})

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]


def _essence(outcome: Outcome) -> dict[str, Any]:
    fields = {"status", "observed", "expected", "difference", "message", "clause"}
    return outcome.model_dump(mode="json", include=fields)


def _findings(report: Report) -> dict[str, Any]:
    return {
        "diagnoses": [[diagnosis.kind, diagnosis.likely] for diagnosis in report.diagnoses],
        "outcomes": {outcome.check: outcome.status for outcome in report.outcomes},
    }


def _probabilities(report: Report) -> np.ndarray:
    classes = spec.load().classes
    rows = [p.probabilities or np.eye(len(classes))[classes.index(p.predicted)] for p in report.predictions]
    return np.asarray(rows, dtype=np.float64)


def _equal(observed: Any, expected: Any, likely: str) -> Finding:
    if observed == expected:
        return Finding(status=Status.PASS)
    return Finding(status=Status.FAIL, observed=str(observed), expected=str(expected), likely=likely)


def _first_difference(stated: Any, follows: Any) -> Finding:
    """Compare two documents leaf by leaf and report the first that departs by more than rounding."""
    rounding = spec.load().value("FER-X-03", "tolerance")
    for path, left, right in _leaves(stated, follows, rounding):
        difference = left - right if _is_number(left) and _is_number(right) else None
        return Finding(
            status=Status.FAIL,
            observed=f"{path} = {left}",
            expected=f"{path} = {right}",
            difference=difference,
            likely="the document was edited",
        )
    return Finding(status=Status.PASS)


def _leaves(stated: Any, follows: Any, rounding: float, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the leaves in which two documents differ."""
    if isinstance(stated, dict) and isinstance(follows, dict):
        for key in stated | follows:
            yield from _leaves(stated.get(key), follows.get(key), rounding, f"{path}.{key}".lstrip("."))
    elif isinstance(stated, list | tuple) and isinstance(follows, list | tuple) and len(stated) == len(follows):
        for position, pair in enumerate(zip(stated, follows, strict=True)):
            yield from _leaves(*pair, rounding, f"{path}[{position}]")
    elif _is_number(stated) and _is_number(follows):
        if not abs(stated - follows) <= rounding:
            yield path, stated, follows
    elif stated != follows:
        yield path, stated, follows


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
