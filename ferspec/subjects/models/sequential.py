"""Ask a model about images in random order until all claims are decided (FER-Z-14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.reference.sequential import Decision, decide
from ferspec.required import required
from ferspec.subjects.models.claims import Claim
from ferspec.subjects.models.contracts.answers import predicted_classes
from ferspec.subjects.models.subject import ModelSubject

# of each metric that is a share of images, by label and prediction (n,) and a class: which count, and of which share
# a threshold of the metric is one
Counted = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
SHARES: dict[str, Counted] = {
    "precision": lambda labels, predicted, index: predicted == index,
    "recall": lambda labels, predicted, index: labels == index,
    "f1": lambda labels, predicted, index: (labels == index) | (predicted == index),
}
OF_ALL = ("accuracy", "recall")


def require_shares(claims: Sequence[Claim]) -> None:
    """Raise ``UserError`` unless there are claims, all about shares of images."""
    if not claims:
        raise UserError("--sequential stops when all claims are decided, and there is none: add --claim")
    for claim in claims:
        metric, name = claim.parts
        if not (metric in SHARES if name else metric in OF_ALL):
            raise UserError(
                f"cannot judge the claim '{claim}' sequentially: {claim.figure} is not a share of images. Expected "
                "accuracy, or precision, recall or f1 of a class; or leave out --sequential"
            )
        if not 0 < claim.threshold < 1:
            raise UserError(f"cannot judge the claim '{claim}' sequentially: expected a threshold between 0 and 1")


def error_of(share: float) -> float:
    """Return the probability of a wrong decision on either side.

    ``share`` is the part of the error that may be used.
    """
    return (1 - spec.load().number("FER-Z-01", "level")) / 2 * share


def decision_on(
    claim: Claim, labels: np.ndarray, predicted: np.ndarray, among: np.ndarray, error: float
) -> Decision | None:
    """Return how the images at ``among`` (n,) decide a claim, None if they do not.

    Labels and predictions (n,) are in the order asked; ``after`` counts all of these images.
    """
    metric, name = claim.parts
    threshold = claim.threshold
    if name is None:
        counted = among
    else:
        index = spec.load().class_index(name)
        counted = among & SHARES[metric](labels, predicted, index)
        # F1 is 2q/(1 + q), where q is the share of hits (FER-Z-02)
        threshold = threshold / (2 - threshold) if metric == "f1" else threshold
    found = decide((labels == predicted)[counted], threshold, error)
    return None if found is None else Decision(found.side, int(np.flatnonzero(counted)[found.after - 1]) + 1)


def ask_until_decided(
    subject: ModelSubject, claims: Sequence[Claim], error: float, progress: StepProgress | None = None
) -> ModelSubject:
    """Return the model on the images that were asked until all claims were decided.

    Images are asked in batches, in an order drawn from the subject's chance. On BTFER, claims are decided on all images
    and on the known ones. Raise ``SubjectError`` if the model crashes.
    """
    book = spec.load()
    batch, least = book.integer("FER-B-06", "batch_size"), book.integer("FER-B-10", "images")
    order = subject.draw(len(subject.dataset))
    known = subject.is_known
    outputs: list[np.ndarray] = []
    for start in range(0, len(order), batch):
        outputs.append(subject.run(order[start : start + batch]))
        asked = order[: start + batch]
        predicted = predicted_classes(np.concatenate(outputs), required(subject.contract))
        parts = [np.ones(len(asked), bool), *([] if known is None else [known[asked]])]
        if len(asked) >= least and all(
            decision_on(claim, subject.labels[asked], predicted, among, error) is not None
            for claim in claims
            for among in parts
        ):
            return subject.only(asked, np.concatenate(outputs))
        if progress is not None:
            progress(len(asked), len(order))
    return subject.only(order, np.concatenate(outputs))
