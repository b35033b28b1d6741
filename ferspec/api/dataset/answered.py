"""Runs a model on an inspected set: its accuracy with and without the leak, and the labels it contradicts."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.api.certify import require_evaluable, require_unchanged
from ferspec.api.requests import InspectRequest
from ferspec.errors import UserError
from ferspec.files import require_regular_file
from ferspec.progress import Progress
from ferspec.reference.label_noise import suspects
from ferspec.reference.leakage import leak_figures
from ferspec.required import required
from ferspec.subjects.certificates.recorded import is_certificate, open_certificate, predictions_on
from ferspec.subjects.datasets.inspection.document import Answered, SuspectLabel
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.from_names import open_subject, require_names
from ferspec.subjects.models.predictions import is_predictions_file


def require_answers(request: InspectRequest) -> None:
    """Raise ``UserError`` for a model or predictions that cannot be used; nothing is loaded."""
    if request.model is not None:
        require_names(request.model, request.contract)
    if request.predictions is not None:
        if not is_certificate(request.predictions) and not is_predictions_file(request.predictions):
            raise UserError(f"{request.predictions}: neither a table of predictions nor a certificate.json")
        require_regular_file(request.predictions)


def answered(subject: Inspection, request: InspectRequest, progress: Progress) -> Answered | None:
    """Return what a model, or its predictions, answer about the tested images; None if none was given."""
    source = request.model if request.predictions is None else request.predictions
    if source is None:
        return None
    chosen = np.flatnonzero(subject.tested)
    images = subject.images.images.take(chosen)
    if not len(images):
        raise UserError(f"{subject.images.name}: none of its images can be read: there is nothing to answer")
    name, predicted, probabilities = _answers(source, images, request, progress)
    clusters = subject.clusters[chosen] if request.clusters else None
    right = predicted == images.labels
    return Answered(
        model=name,
        figures=leak_figures(right, subject.leaked[chosen], clusters),
        suspects=None if probabilities is None else _suspects(images, probabilities),
    )


def _answers(
    source: str | object, images: Dataset, request: InspectRequest, progress: Progress
) -> tuple[str, np.ndarray, np.ndarray | None]:
    """Return name, predicted classes (n,) and probabilities (n, 7) of a model, None without probabilities."""
    if request.predictions is not None and is_certificate(request.predictions):
        certificate = open_certificate(request.predictions)
        predicted = predictions_on(images.entries, images.name, certificate)
        return required(certificate.report).subject.name, predicted, None
    hidden = (request.dataset, *request.against, request.groups)
    subject = open_subject(
        str(source), images, request.contract, request.trust_code, request.time_limit, progress, hidden
    )
    require_evaluable(subject)
    predicted, probabilities = subject.predicted, subject.probabilities
    require_unchanged(subject)
    count = len(spec.load().classes)
    return subject.source.name, predicted, None if probabilities is None else probabilities[:, :count]


def _suspects(images: Dataset, probabilities: np.ndarray) -> tuple[SuspectLabel, ...]:
    classes = spec.load().classes
    return tuple(
        SuspectLabel(
            image=images.entries[one.place].path,
            label=images.entries[one.place].label,
            likelier=classes[one.likelier],
            probability=round(one.probability, 4),
            own_probability=round(one.own_probability, 4),
        )
        for one in suspects(images.labels, probabilities)
    )
