"""Certifies objects of the caller's process: networks, estimators, functions, arrays, frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferspec.api.certify import SEQUENTIAL_CLUSTERS, report_on
from ferspec.api.requests import NOTHING_TO_DEIDENTIFY
from ferspec.api.results.certification import Certification
from ferspec.checks.model.plan import Mode
from ferspec.checks.model.robustness.measure import cannot_be_asked
from ferspec.deviations import load_deviations
from ferspec.errors import UserError
from ferspec.progress import Progress, silent, tell
from ferspec.report.shown import Shown
from ferspec.subjects.datasets.decided import decided
from ferspec.subjects.datasets.memory import dataset_in_memory
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.claims import parse_claim, require_known_metrics
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import first_mistake, infer_contract, load_contract, require_sound
from ferspec.subjects.models.from_names import find_contract, join, open_images, open_source, require_source
from ferspec.subjects.models.memory import in_memory
from ferspec.subjects.models.outputs import choice_of
from ferspec.subjects.models.predictions import RecordedPredictions, is_predictions_file, predictions_in_frame
from ferspec.subjects.models.sequential import require_shares
from ferspec.use.assess import Declaration

GivenContract = Contract | Mapping[str, Any] | str | Path | None


def certify_objects(
    model: object,
    dataset: object,
    contract: GivenContract = None,
    claims: Iterable[str] = (),
    deviations: str | Path | None = None,
    groups: str | Path | None = None,
    clusters: str | Path | None = None,
    trust_code: bool = False,
    images: bool = False,
    deidentify: bool = False,
    progress: Progress = silent,
    diagnose: Mode | None = None,
    split: str | None = None,
    sequential: bool = False,
    use: Declaration | None = None,
    robustness: bool = False,
) -> Certification:
    """Judge a model, a dataset, or both, that are objects of this process.

    An object runs in this process and is not isolated, so that the result is an evaluation. Without a contract the
    object's input and output are inferred, and what cannot be seen is assumed to be the protocol's.
    """
    parsed = tuple(map(parse_claim, claims))
    if deidentify and not images:
        raise UserError(NOTHING_TO_DEIDENTIFY)
    if sequential:
        require_shares(parsed)
        if clusters is not None:
            raise UserError(SEQUENTIAL_CLUSTERS)
    declared = load_deviations(deviations) if deviations else ()
    agreed = _declared(contract, model)
    source = _source(model, trust_code, agreed)
    if agreed is None and isinstance(source, Model):
        agreed = infer_contract(source)[0]
        require_sound(agreed, f"no contract was given, and {source.name} does not state all of it")
    opened = _images(dataset, model, groups, clusters, progress, split)
    require_known_metrics(parsed, opened.groups, opened.clusters is not None)
    subject = join(opened, source, agreed, progress)
    if sequential and subject.recorded is not None:
        raise UserError(f"{subject.source.name} holds predictions of all images: leave out sequential")
    if robustness and subject.recorded is not None:
        raise UserError(cannot_be_asked(subject.source.name, "robustness"))
    tell(progress, decided(opened))
    report = report_on(
        subject,
        parsed,
        declared,
        progress=progress,
        mode=diagnose,
        sequential=sequential,
        use=use,
        robustness=robustness,
    )
    return Certification.of(report, Shown(opened, deidentify) if images else None, opened.ids)


def _source(model: object, trust_code: bool, contract: Contract | None) -> Model | RecordedPredictions:
    if isinstance(model, str | Path):
        return open_source(model, trust_code, contract=contract)
    if type(model).__module__.partition(".")[0] == "pandas":
        return predictions_in_frame(model)  # type: ignore[arg-type]
    return in_memory(model, choice_of(contract))


def _declared(given: GivenContract, model: object) -> Contract | None:
    """Return the contract that was given or is found beside a file; None if it must be inferred, or is not needed."""
    if isinstance(model, str | Path):
        require_source(model)
        if is_predictions_file(model):
            return None
    if isinstance(given, Contract):
        contract = given
    elif isinstance(given, Mapping):
        try:
            contract = Contract.model_validate(given)
        except ValidationError as error:
            raise UserError(f"the contract: {first_mistake(error)}") from None
    elif given is not None:
        return load_contract(given)
    elif isinstance(model, str | Path):
        return find_contract(model)
    else:
        return None
    require_sound(contract, "the contract")
    return contract


def _images(
    dataset: object,
    model: object,
    groups: str | Path | None,
    clusters: str | Path | None,
    progress: Progress,
    split: str | None,
) -> Dataset:
    if dataset is None or isinstance(dataset, str | Path):
        return open_images(model if isinstance(model, str | Path) else "", dataset, groups, progress, split, clusters)
    images = dataset_in_memory(dataset, partial(progress, "reading images"))
    images = images.with_groups(groups) if groups else images
    return images.with_clusters(clusters) if clusters else images
