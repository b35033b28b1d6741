"""Compares two models on the same images."""

from __future__ import annotations

from pathlib import Path

from ferspec.api.certify import require_evaluable, require_unchanged
from ferspec.api.requests import CompareRequest
from ferspec.progress import Progress, silent
from ferspec.reference.comparison import Comparison
from ferspec.reference.comparison import compare as compare_predictions
from ferspec.subjects.certificates.build import dataset_info, subject_info
from ferspec.subjects.certificates.document import DatasetInfo, SubjectInfo
from ferspec.subjects.models.from_names import open_images, open_subject, require_names
from ferspec.subjects.time_limit import OF_MODELS


class ModelComparison(Comparison):
    """A comparison of predictions, with the two models and the images they were made on."""

    model_a: SubjectInfo
    model_b: SubjectInfo
    dataset: DatasetInfo


def compare(
    model_a: str | Path,
    model_b: str | Path,
    dataset: str | Path | None = None,
    contract_a: str | Path | None = None,
    contract_b: str | Path | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    progress: Progress = silent,
) -> ModelComparison:
    """Compare two models on the same images: McNemar's exact test for accuracy, a paired bootstrap for the rest."""
    request = CompareRequest(
        model_a=model_a,
        model_b=model_b,
        dataset=dataset,
        contract_a=contract_a,
        contract_b=contract_b,
        trust_code=trust_code,
        time_limit=time_limit,
    )
    return compare_request(request, progress)


def compare_request(request: CompareRequest, progress: Progress = silent) -> ModelComparison:
    """Compare the two models of a request."""
    named = ((request.model_a, request.contract_a), (request.model_b, request.contract_b))
    for model, contract in named:
        require_names(model, contract)
    images = open_images(request.model_a, request.dataset, progress=progress)
    options = (request.trust_code, request.time_limit, progress, (request.dataset,))
    first, second = (open_subject(model, images, contract, *options) for model, contract in named)
    require_evaluable(first)
    require_evaluable(second)
    for subject in (first, second):
        require_unchanged(subject)
    return ModelComparison(
        **dict(compare_predictions(first.labels, first.predicted, second.predicted)),
        model_a=subject_info(first),
        model_b=subject_info(second),
        dataset=dataset_info(images, images.manifest()),
    )
