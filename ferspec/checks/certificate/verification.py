"""Checks a certificate by recomputing everything from its records (FER-X, FER-D-13 and FER-D-14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.certificate.differences import first_difference
from ferspec.checks.certificate.recognition import BTFER, FORM_ONLY, RECOGNITION_CHECKS, known_evaluation
from ferspec.checks.model.checks import model_checks
from ferspec.checks.model.class_order import likely_class_order
from ferspec.engine import Check, judge, outcome_of
from ferspec.outcomes import CheckResult, Outcome, Status
from ferspec.reference.evaluation import evaluate
from ferspec.required import required
from ferspec.subjects.certificates.build import dataset_info, kind_of, spec_info
from ferspec.subjects.certificates.document import Report, digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.manifest import digest, has_btfer_form, manifest_notes, support
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.subject import WHY_MISSING

FROM_PREDICTIONS = ("FER-B-03", "FER-B-04", "FER-B-08")


def is_whole(certificate: Certificate) -> CheckResult:
    """The document is complete and the published schema accepts it."""
    if certificate.defect:
        return CheckResult(
            status=Status.FAIL, observed=certificate.defect, expected="a document that the schema accepts"
        )
    return CheckResult(status=Status.PASS)


def has_its_digest(certificate: Certificate) -> CheckResult:
    """The stated digest is the digest of the content."""
    return first_difference({"digest": certificate.document.get("digest")}, {"digest": digest_of(certificate.document)})


def figures_follow(certificate: Certificate) -> CheckResult:
    """Every predicted class has the highest probability; every metric follows from the recorded predictions."""
    if certificate.probabilities is not None:
        chosen = certificate.probabilities[np.arange(len(certificate.predicted)), certificate.predicted]
        wrong = np.flatnonzero(chosen < certificate.probabilities.max(axis=1))
        if len(wrong):
            return CheckResult(
                status=Status.FAIL,
                observed=f"{len(wrong)} predicted classes are not the most probable; the first is of image {wrong[0]}",
                expected="none",
                likely="the document was edited",
            )
    recomputed = evaluate(certificate.labels, certificate.predicted, certificate.probabilities, certificate.groups)
    stated = required(certificate.report).metrics
    return first_difference(stated.model_dump(mode="json"), recomputed.model_dump(mode="json"))


def counts_and_verdict_follow(certificate: Certificate) -> CheckResult:
    """Every planned check has an outcome. Judging the outcomes again gives the same counts and verdict."""
    report = required(certificate.report)
    planned = [check.id for check in _planned(report)]
    outcomes = [
        outcome.model_copy(update={"declared": None}) for outcome in report.outcomes if outcome.check in planned
    ]
    if sorted(outcome.check for outcome in outcomes) != sorted(planned):
        return first_difference({"checks": sorted(outcome.check for outcome in outcomes)}, {"checks": sorted(planned)})
    recomputed = judge(planned, [_with_clause(outcome) for outcome in outcomes], report.deviations)
    return first_difference(
        {
            "outcomes": [outcome.model_dump() for outcome in report.outcomes],
            "counts": report.counts.model_dump(),
            "verdict": report.verdict,
        },
        {
            "outcomes": [outcome.model_dump() for outcome in recomputed.outcomes],
            "counts": recomputed.counts.model_dump(),
            "verdict": recomputed.verdict,
        },
    )


def manifest_follows(certificate: Certificate) -> CheckResult:
    """Digest, counts, form and notes follow from the manifest, whose images are predicted."""
    report = required(certificate.report)
    stated, entries = report.dataset, report.manifest
    return first_difference(
        {
            "manifest_digest": stated.manifest_digest,
            "images": [[prediction.image, prediction.label] for prediction in report.predictions],
            "support": stated.support,
            "n": stated.n,
            "synthetic": stated.synthetic,
            "btfer": stated.form in (BTFER, FORM_ONLY),
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
            "kind": kind_of(stated.form, stated.synthetic, report.isolated),
            "notes": list(manifest_notes(entries)),
        },
    )


def dataset_is_the_certified_one(certificate: Certificate) -> CheckResult:
    """The given images are those of the manifest, and the certificate describes them correctly."""
    dataset = required(certificate.dataset)
    # the name depends on the folder, and a groups file adds its own notes
    ignored = {"name", "notes"}
    report = required(certificate.report)
    reductions = () if dataset.found is None else dataset.found.reductions
    return first_difference(
        dataset_info(dataset, dataset.manifest()).model_dump(exclude=ignored)
        | {"reductions": [reduction.model_dump() for reduction in reductions]},
        report.dataset.model_dump(exclude=ignored)
        | {"reductions": [reduction.model_dump() for reduction in report.reductions]},
        likely="another dataset, or one that was changed",
    )


def model_is_the_certified_one(certificate: Certificate) -> CheckResult:
    """The given model is, byte for byte, the certified one."""
    source, subject = certificate.source, required(certificate.report).subject
    return first_difference(
        {} if source is None else {"format": source.format, "digest": source.digest},
        {"format": subject.format, "digest": subject.digest},
        likely="another model, or another export",
    )


def predictions_are_reproduced(certificate: Certificate) -> CheckResult:
    """The model, run on the images, gives the recorded predictions, outcomes and diagnoses."""
    reproduced, stated = certificate.recertified, required(certificate.report)
    tolerance = spec.load().number("FER-X-08", "tolerance")
    difference = float(np.abs(_probabilities(reproduced) - _probabilities(stated)).max())
    if difference > tolerance:
        return CheckResult(
            status=Status.FAIL,
            observed=f"probabilities differ by up to {difference:.3g}",
            expected=f"at most {tolerance:g}",
            difference=difference - tolerance,
            likely="another model, other images, or another contract",
        )
    return first_difference(_findings(stated), _findings(reproduced))


def outcomes_follow(certificate: Certificate) -> CheckResult:
    """Outcomes that need no model, and the class-order diagnosis, follow from the recorded predictions."""
    report = required(certificate.report)
    recorded = {outcome.check: outcome for outcome in report.outcomes}
    for check in _planned(report):
        if check.clause in FROM_PREDICTIONS and check.id in recorded:
            recomputed = outcome_of(check, _Recorded(certificate))
            result = first_difference(_essence(recorded[check.id]), _essence(recomputed))
            if result.status is Status.FAIL:
                return result.model_copy(update={"observed": f"{check.id} {result.observed}"})
    return _class_order_follows(certificate)


def is_by_this_specification(certificate: Certificate) -> CheckResult:
    """The certificate was made with the installed specification; in another, metrics and clauses may differ."""
    stated, ours = required(certificate.report).spec.model_dump(), spec_info().model_dump()
    result = first_difference(stated, ours, likely="it was made by another version of ferspec: verify it with that one")
    return result.model_copy(update={"status": Status.INCONCLUSIVE}) if result.status is Status.FAIL else result


CERTIFICATE_CHECKS = (
    Check("FER-X-01", is_whole),
    Check("FER-X-02", has_its_digest),
    Check("FER-X-03", figures_follow, needs=("whole",)),
    Check("FER-X-04", counts_and_verdict_follow, needs=("whole",)),
    Check("FER-X-05", manifest_follows, needs=("whole",)),
    Check("FER-X-06", dataset_is_the_certified_one, needs=("whole", "dataset")),
    Check("FER-X-07", model_is_the_certified_one, needs=("whole", "model")),
    Check("FER-X-08", predictions_are_reproduced, needs=("whole", "model and dataset")),
    Check("FER-X-09", outcomes_follow, needs=("whole",)),
    Check("FER-X-10", is_by_this_specification, needs=("whole",)),
    *RECOGNITION_CHECKS,
)


class _Recorded:
    """A subject that stands for a model and has its recorded predictions only."""

    model = None

    def __init__(self, certificate: Certificate) -> None:
        self.labels, self.predicted = certificate.labels, certificate.predicted
        self.probabilities = certificate.probabilities
        self.evaluation = evaluate(self.labels, self.predicted, self.probabilities, certificate.groups)
        self.known = known_evaluation(certificate, self.evaluation)

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset() if self.probabilities is None else frozenset({"probabilities"})

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]


def _planned(report: Report) -> tuple[Check, ...]:
    return model_checks(parse_claim(text) for text in report.claims)


def _with_clause(outcome: Outcome) -> Outcome:
    """Return the outcome with the clause of its check, its title and its place."""
    clause = spec.load().clause(outcome.check.partition("[")[0])
    reproduce = None if outcome.status is Status.PASS else outcome.reproduce
    fields = {"clause": clause.id, "title": clause.title, "place": clause.place, "reproduce": reproduce}
    return outcome.model_copy(update=fields)


def _class_order_follows(certificate: Certificate) -> CheckResult:
    """Compare the first diagnosis with the class order. Only a costlier wrong input may come before it."""
    report = required(certificate.report)
    contract = report.subject.contract
    names: Sequence[str] = spec.load().classes if contract is None else contract.output.classes
    order = likely_class_order(certificate.labels, certificate.predicted, names)
    first = next(iter(report.diagnoses), None)
    if first is not None and first.kind != "class order" and (order is None or contract is not None):
        return CheckResult(status=Status.PASS)
    expected = None if order is None else {"kind": "class order", **order.described()}
    stated = None if first is None else first.model_dump()
    return first_difference({"diagnosis": stated}, {"diagnosis": _plain(expected)})


def _plain(diagnosis: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if diagnosis is None else diagnosis | {"gain": diagnosis["gain"].model_dump()}


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
