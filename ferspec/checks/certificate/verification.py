"""Checks on a certificate: everything is computed again from what it records (clauses FER-X-01 to FER-X-10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.certificate.differences import first_difference
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.class_order import likely_class_order
from ferspec.engine import Check, judge, outcome_of
from ferspec.outcomes import CheckResult, Outcome, Status
from ferspec.reference.evaluation import evaluate
from ferspec.subjects.certificates.build import dataset_info, kind_of, spec_info
from ferspec.subjects.certificates.document import Report, digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.manifest import digest, has_btfer_form, manifest_notes, support
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.subject import WHY_MISSING

FROM_PREDICTIONS = ("FER-B-03", "FER-B-04", "FER-B-08")


def is_whole(certificate: Certificate) -> CheckResult:
    """The document is whole and the published schema accepts it."""
    if certificate.defect:
        return CheckResult(
            status=Status.FAIL, observed=certificate.defect, expected="a document that the schema accepts"
        )
    return CheckResult(status=Status.PASS)


def has_its_digest(certificate: Certificate) -> CheckResult:
    """The stated digest is the digest of the content."""
    return first_difference({"digest": certificate.document.get("digest")}, {"digest": digest_of(certificate.document)})


def figures_follow(certificate: Certificate) -> CheckResult:
    """Every predicted class is a most probable one, and every figure is what the recorded predictions give."""
    if certificate.probabilities is not None:
        chosen = certificate.probabilities[np.arange(len(certificate.predicted)), certificate.predicted]
        beaten = np.flatnonzero(chosen < certificate.probabilities.max(axis=1))
        if len(beaten):
            return CheckResult(
                status=Status.FAIL,
                observed=f"{len(beaten)} predicted classes are not the most probable, the first of image {beaten[0]}",
                expected="none",
                likely="the document was edited",
            )
    again = evaluate(certificate.labels, certificate.predicted, certificate.probabilities, certificate.groups)
    return first_difference(certificate.report.metrics.model_dump(mode="json"), again.model_dump(mode="json"))


def counts_and_verdict_follow(certificate: Certificate) -> CheckResult:
    """Every planned check has its outcome under its clause, and judging these again gives counts and verdict."""
    report = certificate.report
    planned = [check.id for check in _planned(report)]
    bare = [outcome.model_copy(update={"declared": None}) for outcome in report.outcomes if outcome.check in planned]
    if sorted(outcome.check for outcome in bare) != sorted(planned):
        return first_difference({"checks": sorted(outcome.check for outcome in bare)}, {"checks": sorted(planned)})
    again = judge(planned, [_under_its_clause(outcome) for outcome in bare], report.deviations)
    return first_difference(
        {
            "outcomes": [outcome.model_dump() for outcome in report.outcomes],
            "counts": report.counts.model_dump(),
            "verdict": report.verdict,
        },
        {
            "outcomes": [outcome.model_dump() for outcome in again.outcomes],
            "counts": again.counts.model_dump(),
            "verdict": again.verdict,
        },
    )


def manifest_follows(certificate: Certificate) -> CheckResult:
    """Digest, counts, form and notes are those of the manifest, and the predictions are of its images."""
    report, entries = certificate.report, certificate.report.manifest
    stated = report.dataset
    return first_difference(
        {
            "manifest_digest": stated.manifest_digest,
            "images": [[prediction.image, prediction.label] for prediction in report.predictions],
            "support": stated.support,
            "n": stated.n,
            "synthetic": stated.synthetic,
            "btfer": stated.form == "btfer",
            "kind": report.kind,
            "notes": [note for note in manifest_notes(entries) if note in stated.notes],
        },
        {
            "manifest_digest": digest(entries),
            "images": [[entry.pixels_sha256, entry.label] for entry in entries],
            "support": support(entries),
            "n": len(entries),
            "synthetic": stated.form == "synthetic",
            "btfer": not stated.synthetic and has_btfer_form(entries),
            "kind": kind_of(stated.form, stated.synthetic),
            "notes": list(manifest_notes(entries)),
        },
    )


def dataset_is_the_certified_one(certificate: Certificate) -> CheckResult:
    """The images at hand are those of the manifest, and what is said of them is so."""
    found = dataset_info(certificate.dataset, certificate.dataset.manifest())
    # the name is that of a folder, and a groups file adds notes of its own
    aside = {"name", "notes"}
    return first_difference(
        found.model_dump(exclude=aside),
        certificate.report.dataset.model_dump(exclude=aside),
        likely="another dataset, or one that was changed",
    )


def model_is_the_certified_one(certificate: Certificate) -> CheckResult:
    """The model at hand is, byte for byte, the one that was certified."""
    source = certificate.source
    return first_difference(
        {"format": source.format, "digest": source.digest},
        {"format": certificate.report.subject.format, "digest": certificate.report.subject.digest},
        likely="another model, or another export",
    )


def predictions_come_again(certificate: Certificate) -> CheckResult:
    """The model, run on the images, gives the recorded predictions, outcomes and diagnoses."""
    again, stated = certificate.recertified, certificate.report
    tolerance = spec.load().number("FER-X-08", "tolerance")
    apart = float(np.abs(_probabilities(again) - _probabilities(stated)).max())
    if apart > tolerance:
        return CheckResult(
            status=Status.FAIL,
            observed=f"probabilities apart by up to {apart:.3g}",
            expected=f"at most {tolerance:g}",
            difference=apart - tolerance,
            likely="another model, other images, or another contract",
        )
    return first_difference(_findings(stated), _findings(again))


def outcomes_follow(certificate: Certificate) -> CheckResult:
    """The outcomes that need no model, and a diagnosis of the class order, are what the recorded predictions give."""
    recorded = {outcome.check: outcome for outcome in certificate.report.outcomes}
    for check in _planned(certificate.report):
        if check.clause in FROM_PREDICTIONS and check.id in recorded:
            again = outcome_of(check, _Recorded(certificate))
            found = first_difference(_essence(recorded[check.id]), _essence(again))
            if found.status is Status.FAIL:
                return found.model_copy(update={"observed": f"{check.id} {found.observed}"})
    return _class_order_follows(certificate)


def is_by_this_specification(certificate: Certificate) -> CheckResult:
    """The certificate was made by the specification in force; by another one, figures and clauses may mean another."""
    stated, ours = certificate.report.spec.model_dump(), spec_info().model_dump()
    found = first_difference(stated, ours, likely="it was made by another version of ferspec: verify it with that one")
    return found.model_copy(update={"status": Status.INCONCLUSIVE}) if found.status is Status.FAIL else found


CERTIFICATE_CHECKS = (
    Check("FER-X-01", is_whole),
    Check("FER-X-02", has_its_digest),
    Check("FER-X-03", figures_follow, needs=("whole",)),
    Check("FER-X-04", counts_and_verdict_follow, needs=("whole",)),
    Check("FER-X-05", manifest_follows, needs=("whole",)),
    Check("FER-X-06", dataset_is_the_certified_one, needs=("whole", "dataset")),
    Check("FER-X-07", model_is_the_certified_one, needs=("whole", "model")),
    Check("FER-X-08", predictions_come_again, needs=("whole", "model and dataset")),
    Check("FER-X-09", outcomes_follow, needs=("whole",)),
    Check("FER-X-10", is_by_this_specification, needs=("whole",)),
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


def _planned(report: Report) -> tuple[Check, ...]:
    return checks_for_model(parse_claim(text) for text in report.claims)


def _under_its_clause(outcome: Outcome) -> Outcome:
    """Return the outcome with the clause of its check, and the title and the place that the specification has."""
    clause = spec.load().clause(outcome.check.partition("[")[0])
    reproduce = None if outcome.status is Status.PASS else outcome.reproduce
    named = {"clause": clause.id, "title": clause.title, "place": clause.place, "reproduce": reproduce}
    return outcome.model_copy(update=named)


def _class_order_follows(certificate: Certificate) -> CheckResult:
    """Compare the first diagnosis: a wrong input that costs more may stand before the class order, but nothing else."""
    report = certificate.report
    contract = report.subject.contract
    names: Sequence[str] = spec.load().classes if contract is None else contract.output.classes
    order = likely_class_order(certificate.labels, certificate.predicted, names)
    first = next(iter(report.diagnoses), None)
    if first is not None and first.kind != "class order" and (order is None or contract is not None):
        return CheckResult(status=Status.PASS)
    expected = None if order is None else {"kind": "class order", **order.described()}
    stated = None if first is None else first.model_dump()
    return first_difference({"diagnosis": stated}, {"diagnosis": _plain(expected)})


def _plain(described: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if described is None else described | {"gain": described["gain"].model_dump()}


def _essence(outcome: Outcome) -> dict[str, Any]:
    fields = {"status", "observed", "expected", "difference", "message", "likely"}
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
