"""Computes the metrics on the known pictures of BTFER from the records of a certificate."""

from __future__ import annotations

from ferspec.reference.evaluation import evaluate_known
from ferspec.reference.measured import Evaluation
from ferspec.subjects.certificates.subject import Certificate


def known_evaluation(certificate: Certificate, overall: Evaluation) -> Evaluation | None:
    """Return the metrics on the known pictures, computed from the predictions; None unless it is BTFER."""
    if certificate.is_known is None:
        return None
    return evaluate_known(
        certificate.is_known,
        overall,
        certificate.labels,
        certificate.predicted,
        certificate.probabilities,
        certificate.groups,
        clusters=certificate.clusters,
    )
