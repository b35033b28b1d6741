"""Checks a certificate by recomputing everything from its records (FER-X, FER-D-13 and FER-D-14)."""

from __future__ import annotations

import shlex
from itertools import pairwise
from typing import Any

from ferspec import spec
from ferspec.checks.certificate.differences import differs, first_difference
from ferspec.checks.certificate.losses import losses_follow
from ferspec.checks.certificate.metrics import Recorded, limits_follow, metrics_follow
from ferspec.checks.certificate.readings import readings_follow
from ferspec.checks.certificate.recognition import BTFER, FORM_ONLY, RECOGNITION_CHECKS
from ferspec.checks.certificate.reproduction import (
    dataset_is_the_certified_one,
    decades,
    findings_are_reproduced,
    model_is_the_certified_one,
    predictions_are_reproduced,
)
from ferspec.checks.certificate.signatures import is_signed_as_stated
from ferspec.checks.model.checks import model_checks
from ferspec.checks.model.class_order import likely_class_order
from ferspec.checks.model.symptoms import symptom_of
from ferspec.engine import Check, judge, outcome_of
from ferspec.errors import UserError
from ferspec.outcomes import CheckResult, Outcome, Status
from ferspec.required import required
from ferspec.subjects.certificates.build import kind_of, spec_info, stopped_by
from ferspec.subjects.certificates.document import Diagnosis, Report, digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.manifest import digest, has_btfer_form, manifest_notes, support
from ferspec.subjects.models.claims import parse_claim

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
    try:
        expected = digest_of(certificate.document)
    except ValueError as error:
        return CheckResult(status=Status.FAIL, observed=str(error), expected="a document in the canonical form")
    return first_difference({"digest": certificate.document.get("digest")}, {"digest": expected})


def counts_and_verdict_follow(certificate: Certificate) -> CheckResult:
    """Every planned check has an outcome. Judging the outcomes again gives the same counts and verdict."""
    report = required(certificate.report)
    planned = [check.id for check in _planned(report)]
    outcomes = [
        outcome.model_copy(update={"declared": None}) for outcome in report.outcomes if outcome.check in planned
    ]
    if [outcome.check for outcome in outcomes] != planned:
        return first_difference({"checks": [outcome.check for outcome in outcomes]}, {"checks": planned})
    for outcome in report.outcomes:
        if outcome.reproduce is not None and not _shows_again(outcome, report):
            return differs(f"{outcome.check} reproduce", outcome.reproduce, "a command that runs this check alone")
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
            "images": [[entry.pixels_sha256, entry.label] for entry in report.asked],
            "support": support(entries),
            "n": len(entries),
            "synthetic": stated.form == "synthetic",
            "btfer": not stated.synthetic and has_btfer_form(entries),
            "kind": kind_of(stated.form, stated.synthetic, report.isolated, report.subject.class_set),
            "notes": list(manifest_notes(entries)),
        },
    )


def outcomes_follow(certificate: Certificate) -> CheckResult:
    """Outcomes that need no model, and the first diagnosis, follow from the recorded predictions."""
    report = required(certificate.report)
    recorded = {outcome.check: outcome for outcome in report.outcomes}
    for check in _planned(report):
        if check.clause in FROM_PREDICTIONS and check.id in recorded:
            recomputed = outcome_of(check, Recorded(certificate, report.metrics))
            result = first_difference(_essence(recorded[check.id]), _essence(recomputed))
            if result.status is Status.FAIL:
                return result.model_copy(update={"observed": f"{check.id} {result.observed}"})
    if (asked := report.sequential) is not None and asked.stopped != (stopped := stopped_by(report.outcomes)):
        return differs("sequential.stopped", asked.stopped, stopped)
    return _first_diagnosis_follows(certificate)


def is_by_this_specification(certificate: Certificate) -> CheckResult:
    """The certificate was made with the installed specification; in another, metrics and clauses may differ."""
    report, ours = required(certificate.report), spec_info()
    if report.spec.digest == ours.digest:
        return first_difference(report.spec.model_dump(), ours.model_dump())
    maker = report.environment.packages.get("ferspec", "another version")
    return CheckResult(
        status=Status.INCONCLUSIVE,
        observed=f"specification {report.spec.version}, {report.spec.digest[:12]}",
        expected=f"specification {ours.version}, {ours.digest[:12]}",
        likely=f"it was made by another version of ferspec: verify it with that one (it claims ferspec {maker})",
    )


RECOMPUTED = ("whole", "specification")

CERTIFICATE_CHECKS = (
    Check("FER-X-01", is_whole),
    Check("FER-X-02", has_its_digest),
    Check("FER-X-03", metrics_follow, needs=RECOMPUTED),
    Check("FER-X-04", counts_and_verdict_follow, needs=RECOMPUTED),
    Check("FER-X-05", manifest_follows, needs=RECOMPUTED),
    Check("FER-X-06", dataset_is_the_certified_one, needs=(*RECOMPUTED, "dataset")),
    Check("FER-X-07", model_is_the_certified_one, needs=(*RECOMPUTED, "model")),
    Check("FER-X-08", predictions_are_reproduced, needs=(*RECOMPUTED, "model and dataset")),
    Check("FER-X-09", outcomes_follow, needs=RECOMPUTED),
    Check("FER-X-10", is_by_this_specification, needs=("whole",)),
    Check("FER-X-11", limits_follow, needs=RECOMPUTED),
    Check("FER-X-12", findings_are_reproduced, needs=(*RECOMPUTED, "model and dataset")),
    Check("FER-X-13", is_signed_as_stated, needs=("whole", "signatures")),
    Check("FER-X-14", readings_follow, needs=RECOMPUTED),
    Check("FER-X-15", losses_follow, needs=RECOMPUTED),
    *RECOGNITION_CHECKS,
)


def _planned(report: Report) -> tuple[Check, ...]:
    return model_checks(parse_claim(text) for text in report.claims)


def _with_clause(outcome: Outcome) -> Outcome:
    """Return the outcome with the clause of its check, its title and its place."""
    clause = spec.load().clause(outcome.check.partition("[")[0])
    reproduce = None if outcome.status is Status.PASS else outcome.reproduce
    fields = {"clause": clause.id, "title": clause.title, "place": clause.place, "reproduce": reproduce}
    return outcome.model_copy(update=fields)


def _shows_again(outcome: Outcome, report: Report) -> bool:
    """Return whether a command only certifies with the same claims and runs the check again.

    People copy it into a shell: it must be one plain command. Its paths are not compared.
    """
    try:
        words = shlex.split(required(outcome.reproduce))
        given = [word for option, word in pairwise(words) if option == "--claim"]
        claims = [str(parse_claim(claim)) for claim in given]
    except (ValueError, UserError):
        return False
    return (
        shlex.join(words) == outcome.reproduce
        and words[:2] == ["ferspec", "certify"]
        and words[-2:] == ["-k", outcome.check]
        and claims == list(report.claims)
    )


def _first_diagnosis_follows(certificate: Certificate) -> CheckResult:
    """Compare the first diagnosis with what the predictions show. Only a costlier wrong input may come before it."""
    report = required(certificate.report)
    contract = report.subject.contract
    labels, predicted = certificate.labels, certificate.predicted
    order = likely_class_order(labels, predicted, certificate.class_set.classes)
    # only the outputs show a wrong kind of them
    first = next((diagnosis for diagnosis in report.diagnoses if diagnosis.kind != "output kind"), None)
    of_predictions = first is None or first.kind in ("class order", "predictions")
    if not of_predictions and (order is None or contract is not None):
        return CheckResult(status=Status.PASS)
    if order is None:
        expected = symptom_of(labels, predicted, certificate.probabilities, contract)
    else:
        expected = Diagnosis(kind="class order", **order.described())
    return first_difference({"diagnosis": _plain(first)}, {"diagnosis": _plain(expected)})


def _plain(diagnosis: Diagnosis | None) -> dict[str, Any] | None:
    """Return a diagnosis with the logarithm of its p value, to compare small ones."""
    if diagnosis is None:
        return None
    return diagnosis.model_dump() | {"log10 of p_value": decades(diagnosis.p_value)}


def _essence(outcome: Outcome) -> dict[str, Any]:
    fields = {"status", "observed", "expected", "difference", "message", "likely"}
    return outcome.model_dump(mode="json", include=fields)
