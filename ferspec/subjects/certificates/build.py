"""Build the report of a judged model."""

from collections.abc import Iterable

from ferspec import spec
from ferspec.environment import Environment
from ferspec.outcomes import Deviation, Judgement
from ferspec.subjects.certificates.document import (
    DatasetInfo,
    Diagnosis,
    Prediction,
    Report,
    ReportKind,
    SpecInfo,
    SubjectInfo,
    digest_of,
    is_isolated,
)
from ferspec.subjects.datasets.manifest import Entry, digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.subject import ModelSubject

# significant digits that represent a float32 exactly
DIGITS = 9


def build_report(
    subject: ModelSubject,
    judgement: Judgement,
    claims: Iterable[str],
    deviations: Iterable[Deviation],
    diagnoses: Iterable[Diagnosis],
    environment: Environment,
) -> Report:
    """Build the report of a judged model, including its digest."""
    manifest = subject.dataset.manifest()
    model = subject.model
    isolation = None if model is None else model.isolation
    described = subject_info(subject)
    isolated = is_isolated(described.runs_code, isolation)
    report = Report(
        kind=kind_of(subject.dataset.form, subject.dataset.synthetic, isolated),
        verdict=judgement.verdict,
        counts=judgement.counts,
        outcomes=judgement.outcomes,
        metrics=subject.evaluation,
        known=subject.known,
        diagnoses=tuple(diagnoses),
        subject=described,
        isolation=isolation,
        dataset=dataset_info(subject.dataset, manifest),
        spec=spec_info(),
        claims=tuple(claims),
        deviations=tuple(deviations),
        environment=environment,
        manifest=manifest,
        reductions=() if subject.dataset.found is None else subject.dataset.found.reductions,
        predictions=_predictions(subject, manifest),
        digest="",
    )
    return report.model_copy(update={"digest": digest_of(report.model_dump(mode="json"))})


def kind_of(form: str, synthetic: bool, isolated: bool) -> ReportKind:
    """Return the kind of a report; only images recognised as BTFER's, and an isolated model, give a certificate."""
    if synthetic:
        return "demonstration"
    return "certificate" if form == "btfer" and isolated else "evaluation"


def spec_info() -> SpecInfo:
    """Return the version and the digest of the loaded specification."""
    loaded = spec.load()
    return SpecInfo(version=loaded.version, digest=loaded.digest, protocol=loaded.protocol)


def dataset_info(dataset: Dataset, manifest: tuple[Entry, ...]) -> DatasetInfo:
    """Describe the images of a report."""
    return DatasetInfo(
        name=dataset.name,
        form=dataset.form,
        n=len(dataset),
        support=dataset.support,
        manifest_digest=digest(manifest),
        notes=tuple(dataset.notes),
        synthetic=dataset.synthetic,
        recognition=None if dataset.found is None else dataset.found.recognition,
    )


def subject_info(subject: ModelSubject) -> SubjectInfo:
    """Describe the model of a report, or its recorded predictions."""
    source, model, contract = subject.source, subject.model, subject.contract
    if contract is not None and model is not None and model.signature.layout is not None:
        # a contract that leaves the layout to the file is recorded with the layout of the file
        prepared = contract.input.model_copy(update={"layout": model.signature.layout})
        contract = contract.model_copy(update={"input": prepared})
    return SubjectInfo(
        name=source.name,
        format=source.format,
        digest=source.digest,
        contract=contract,
        # an object in memory is code that runs in this process
        runs_code=model is not None and (model.runs_code or model.isolation is None),
        coverage=None if model is None else model.coverage,
        cost=subject.cost,
        file_bytes=None if model is None else model.file_bytes,
    )


def _predictions(subject: ModelSubject, manifest: tuple[Entry, ...]) -> tuple[Prediction, ...]:
    classes = spec.load().classes
    rows = []
    for position, entry in enumerate(manifest):
        probabilities = None
        if subject.probabilities is not None:
            probabilities = tuple(float(f"{value:.{DIGITS}g}") for value in subject.probabilities[position])
        rows.append(
            Prediction(
                image=entry.pixels_sha256,
                label=classes[subject.labels[position]],
                predicted=classes[subject.predicted[position]],
                probabilities=probabilities,
                groups={column: values[position] for column, values in subject.dataset.groups.items()},
            )
        )
    return tuple(rows)
