"""Checks that the recorded answers follow from the recorded columns and probabilities (FER-X-03)."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.checks.certificate.differences import EDITED, PASS, first_difference
from ferspec.outcomes import CheckResult, Status
from ferspec.required import required
from ferspec.subjects.certificates.subject import Certificate


def answers_follow(certificate: Certificate) -> CheckResult:
    """Every answer is the most probable one; with other classes than the seven, all follows from the columns."""
    report, probabilities = required(certificate.report), certificate.probabilities
    if probabilities is None:
        return PASS
    answers, names = certificate.answers, (*spec.load().classes, *certificate.class_set.unread)
    if certificate.columns is not None:
        followed = [None if missing else names[c] for c, missing in zip(answers.chosen, answers.missing, strict=True)]
        seven = probabilities[:, : len(spec.load().classes)].astype(float)
        return first_difference(
            {
                "answers": [prediction.answer for prediction in report.predictions],
                "probabilities": [prediction.probabilities for prediction in report.predictions],
            },
            {
                "answers": followed,
                "probabilities": [
                    None if gone else row for row, gone in zip(seven.tolist(), answers.missing, strict=True)
                ],
            },
        )
    answered = ~answers.missing
    rows = probabilities[answered]
    chosen = rows[np.arange(len(rows)), answers.chosen[answered]]
    wrong = np.flatnonzero(answered)[chosen < rows.max(axis=1)]
    if not len(wrong):
        return PASS
    return CheckResult(
        status=Status.FAIL,
        observed=f"{len(wrong)} predicted classes are not the most probable; the first is of image {wrong[0]}",
        expected="none",
        likely=EDITED,
    )
