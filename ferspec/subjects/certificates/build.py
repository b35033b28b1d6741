"""Build the report of a judged model."""

from collections.abc import Iterable
from typing import Literal

from ferspec import spec
from ferspec.environment import Environment
from ferspec.outcomes import Deviation, Judgement, Outcome, Status
from ferspec.subjects.certificates.document import (
    DatasetInfo,
    Diagnosis,
    Prediction,
    Report,
    ReportKind,
    Search,
    Sequential,
    SpecInfo,
    SubjectInfo,
    digest_of,
    is_isolated,
)
from ferspec.subjects.certificates.losses import Robustness
from ferspec.subjects.datasets.manifest import Entry, digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.contracts.class_set import ClassSet
from ferspec.subjects.models.policies import abstention, other_classes
from ferspec.subjects.models.subject import ModelSubject
from ferspec.use.assess import Declaration

# significant digits that represent a float32 exactly
DIGITS = 9


def build_report(
    subject: ModelSubject,
    judgement: Judgement,
    claims: Iterable[str],
    deviations: Iterable[Deviation],
    diagnoses: Iterable[Diagnosis],
    search: Search | None,
    environment: Environment,
    use: Declaration | None = None,
    robustness: Robustness | None = None,
) -> Report:
    """Build the report of a judged model, including its digest; its declared ``use`` changes nothing else."""
    whole, claims = subject.whole, tuple(claims)
    manifest = whole.manifest()
    model = subject.model
    isolation = None if model is None else model.isolation
    described = subject_info(subject)
    isolated = is_isolated(described.runs_code, isolation)
    report = Report(
        kind=kind_of(whole.form, whole.synthetic, isolated, subject.class_set),
        verdict=judgement.verdict,
        counts=judgement.counts,
        outcomes=judgement.outcomes,
        metrics=subject.evaluation,
        known=subject.known,
        other_classes=other_classes(subject.labels, subject.columns, subject.answers, subject.class_set),
        abstention=abstention(subject.labels, subject.answers),
        diagnoses=tuple(diagnoses),
        search=search,
        robustness=robustness,
        lineage=subject.lineage,
        use=use,
        sequential=_sequential(subject, judgement.outcomes),
        subject=described,
        isolation=isolation,
        dataset=dataset_info(whole, manifest),
        spec=spec_info(),
        claims=claims,
        deviations=tuple(deviations),
        environment=environment,
        manifest=manifest,
        reductions=() if whole.found is None else whole.found.reductions,
        predictions=_predictions(subject, subject.dataset.manifest()),
        clusters=None if subject.dataset.clusters is None else tuple(subject.dataset.clusters.tolist()),
        digest="",
    )
    return report.model_copy(update={"digest": digest_of(report.model_dump(mode="json"))})


def stopped_by(outcomes: Iterable[Outcome]) -> Literal["all claims are decided", "all images were asked"]:
    """Return why images were no longer asked, by the outcomes of the claims."""
    claims = [outcome.status for outcome in outcomes if outcome.clause == "FER-B-08"]
    decided = all(status in (Status.PASS, Status.FAIL) for status in claims)
    return "all claims are decided" if decided else "all images were asked"


def _sequential(subject: ModelSubject, outcomes: Iterable[Outcome]) -> Sequential | None:
    if subject.asked is None:
        return None
    return Sequential(order=tuple(subject.asked.order.tolist()), stopped=stopped_by(outcomes))


def kind_of(form: str, synthetic: bool, isolated: bool, classes: ClassSet) -> ReportKind:
    """Return the kind of a report.

    Only images recognised as BTFER's, an isolated model, and the seven classes give a certificate.
    """
    if synthetic:
        return "demonstration"
    return "certificate" if form == "btfer" and isolated and classes.is_the_protocols else "evaluation"


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
        notes=dataset.published_notes,
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
        columns=None if model is not None or subject.class_set.is_the_protocols else subject.class_set,
    )


def _predictions(subject: ModelSubject, manifest: tuple[Entry, ...]) -> tuple[Prediction, ...]:
    classes, declared, answers = spec.load().classes, subject.class_set, subject.answers
    names = (*classes, *declared.unread)
    columns = None if declared.is_the_protocols else subject.columns
    rows = []
    for position, entry in enumerate(manifest):
        chosen, missing = answers.chosen[position], answers.missing[position]
        probabilities = None
        if answers.probabilities is not None and not missing:
            seven = answers.probabilities[position, : len(classes)]
            probabilities = tuple(float(f"{value:.{DIGITS}g}") for value in seven)
        rows.append(
            Prediction(
                image=entry.pixels_sha256,
                label=classes[subject.labels[position]],
                predicted=None if missing or chosen >= len(classes) else classes[chosen],
                probabilities=probabilities,
                groups={column: values[position] for column, values in subject.dataset.groups.items()},
                outside=None if missing or chosen < len(classes) else names[chosen],
                columns=None if columns is None or missing else tuple(columns[position].tolist()),
            )
        )
    return tuple(rows)
