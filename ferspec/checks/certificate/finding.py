"""Puts into words what a verification compared, and what remains a claim."""

from __future__ import annotations

from dataclasses import dataclass

from ferspec.outcomes import Judgement, Status
from ferspec.subjects.certificates.subject import Certificate

SIGNATURES = "FER-X-13"
ALONE = (
    "nothing outside the document was compared; without the images and the model, nothing shows that they exist or "
    "that the model gives these predictions"
)
WITH_IMAGES = "the images are those of the document; without the model, nothing shows that it gives these predictions"
WITH_MODEL = "the model has the digest that the document states; without the images, it was not run"
WITH_PREDICTIONS = (
    "the file of predictions has the digest that the document states; without the images, their labels are claims"
)
WITH_BOTH = (
    "the model was run again on the images: predictions, outcomes, diagnoses and any losses of robustness are those of "
    "the document, within the "
    "tolerances of FER-X-08 and FER-X-12"
)
WITH_FILES = "the images and the file of predictions are those of the document; no model was run"


@dataclass(frozen=True)
class Finding:
    """What a verification found, in a word and a sentence; ``compared`` names what it used beside the document."""

    word: str
    sentence: str
    compared: tuple[str, ...]
    reproduced: bool

    def __str__(self) -> str:
        return f"{self.word}: {self.sentence}"


def finding_of(judgement: Judgement, certificate: Certificate) -> Finding:
    """Put the outcomes of all checks on a certificate into words."""
    failed = {outcome.clause for outcome in judgement.outcomes if outcome.status is Status.FAIL}
    able = certificate.runs_a_model
    compared = _compared(certificate)
    if certificate.report is None:
        return Finding("NOT CONSISTENT", "the document is broken: nothing in it can be recomputed", (), False)
    positive = "REPRODUCED" if able else "CONSISTENT"
    if failed == {SIGNATURES}:
        return Finding(f"{positive}, BUT NOT ITS SIGNATURES", _sentence(certificate), compared, False)
    if failed:
        beside = " and ".join(compared) if compared else "nothing outside it"
        number = "1 check fails" if len(failed) == 1 else f"{len(failed)} checks fail"
        return Finding(f"NOT {positive}", f"{number}; compared with the document: {beside}", compared, False)
    doubtful = next((each for each in judgement.outcomes if each.status is Status.INCONCLUSIVE), None)
    if doubtful is not None:
        return Finding("INCONCLUSIVE", doubtful.message or doubtful.likely or doubtful.title, compared, False)
    return Finding(positive, _sentence(certificate), compared, able)


def _compared(certificate: Certificate) -> tuple[str, ...]:
    named = {
        "the images": certificate.dataset is not None,
        "the model": certificate.source is not None and not certificate.is_of_predictions,
        "the file of predictions": certificate.source is not None and certificate.is_of_predictions,
    }
    return tuple(name for name, available in named.items() if available)


def _sentence(certificate: Certificate) -> str:
    sentences = {
        ("the images",): WITH_IMAGES,
        ("the model",): WITH_MODEL,
        ("the file of predictions",): WITH_PREDICTIONS,
        ("the images", "the model"): WITH_BOTH,
        ("the images", "the file of predictions"): WITH_FILES,
    }
    sentence = sentences.get(_compared(certificate), ALONE)
    if not certificate.unavailable_groups:
        return sentence
    columns = ", ".join(certificate.unavailable_groups)
    return f"{sentence}; without the file of groups (--groups), the values of {columns} are claims"
