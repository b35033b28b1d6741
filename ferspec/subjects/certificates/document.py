"""Define the report document, from which all pages are rendered."""

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import rfc8785
from pydantic import Field, model_validator

from ferspec import spec
from ferspec.environment import Environment
from ferspec.outcomes import Counts, Deviation, Outcome, Verdict
from ferspec.records import Count, Record, is_none
from ferspec.reference.measured import Abstention, Evaluation, Metric
from ferspec.subjects.certificates.losses import Robustness
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.readers.listing import DatasetForm
from ferspec.subjects.datasets.recognition.recognise import Recognition
from ferspec.subjects.datasets.recognition.reduce import Reduction
from ferspec.subjects.models.callables.coverage import Coverage
from ferspec.subjects.models.contracts.class_set import ClassSet, seven
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.cost import UNKNOWN, Cost, Counted
from ferspec.subjects.models.lineage import Lineage
from ferspec.subjects.models.policies import OtherClasses
from ferspec.subjects.sandbox.policy import Isolation
from ferspec.use.assess import Declaration

SCHEMA_VERSION: Literal["2"] = "2"
# probabilities are held as float32
LARGEST = float(np.finfo(np.float32).max)
ReportKind = Literal["certificate", "evaluation", "demonstration"]


class SubjectInfo(Record):
    """Describe the judged model."""

    kind: Literal["model"] = "model"
    name: str
    format: str
    digest: str
    contract: Contract | None
    runs_code: bool = Field(default=False, description="code of its author: a callable, or loaded with --trust-code")
    coverage: Coverage | None = Field(default=None, description="the files of a callable that the digest covers")
    cost: Cost = Field(default=UNKNOWN, description="of one image, counted from the file")
    file_bytes: Counted = Field(default=None, description="the size of the model's files")
    columns: ClassSet | None = Field(
        default=None,
        exclude_if=is_none,
        description="the classes of a file of predictions, unless they are the seven",
    )

    @property
    def class_set(self) -> ClassSet:
        """The classes of the output's columns."""
        return self.columns or seven() if self.contract is None else self.contract.output


class DatasetInfo(Record):
    """Describe the images of the dataset.

    ``form`` is ``btfer`` only for images that are recognised as BTFER's, and ``btfer form`` for others in its form.
    """

    name: str
    form: DatasetForm
    n: int
    support: dict[str, int]
    manifest_digest: str
    notes: tuple[str, ...]
    synthetic: bool
    recognition: Recognition | None


class SpecInfo(Record):
    """Identify the specification."""

    version: str
    digest: str
    protocol: str


if TYPE_CHECKING:
    ClassName = str
else:
    ClassName = Literal[*spec.load().classes]
Probability = Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]
Probabilities = Annotated[
    tuple[Probability, ...],
    Field(min_length=len(spec.load().classes), max_length=len(spec.load().classes)),
]


class Prediction(Record):
    """Hold the prediction for one image, with probabilities in the order of the seven classes.

    ``predicted`` is None for a missing answer and for one outside the seven, which ``outside`` names. Unless the
    classes are the seven, ``columns`` holds the value of each column, from which all else follows.
    """

    image: str
    label: ClassName
    predicted: ClassName | None
    probabilities: Probabilities | None
    groups: dict[str, str] = Field(default_factory=dict)
    outside: str | None = Field(default=None, exclude_if=is_none)
    columns: tuple[Probability, ...] | None = Field(default=None, exclude_if=is_none)

    @property
    def answer(self) -> str | None:
        """The class, or the name of an answer outside the seven; None without an answer."""
        return self.predicted or self.outside


class Diagnosis(Record):
    """Describe one likely mistake: the declared value, the likely value, and the gain in accuracy.

    Two kinds have an undefined gain and no p value: ``output kind``, for probabilities declared as logits, and
    ``predictions``, for a constant class, rows of other images, or a degenerate softmax.
    """

    kind: Literal["class order", "value range", "colour", "resize filter", "size", "output kind", "predictions"]
    message: str
    declared: str
    likely: str
    gain: Metric
    p_value: float | None = Field(default=None, ge=0, le=1)
    n: Count


class Search(Record):
    """Describe how mistakes in the input were searched for: how many alternatives, and how many images they cost."""

    mode: Literal["quick", "full"]
    alternatives: Count
    asked: Count


class Sequential(Record):
    """Record which images were asked until all claims were decided (FER-Z-14); all metrics are of these."""

    order: tuple[Count, ...] = Field(description="the places of the images in the manifest, in the order asked")
    stopped: Literal["all claims are decided", "all images were asked"]


class Report(Record):
    """Hold a complete report. ``kind`` is a certificate only for a test set that is recognised as BTFER.

    ``known`` has the metrics on the known pictures of BTFER; ``reductions`` describe the images that were compared with
    these, in the order of the manifest. ``metrics`` count an answer outside the seven as declared, and a missing one as
    wrong; ``other_classes`` and ``abstention`` hold the metrics under other readings.
    """

    schema_version: Literal["2"] = SCHEMA_VERSION
    kind: ReportKind
    verdict: Verdict
    counts: Counts
    outcomes: tuple[Outcome, ...]
    metrics: Evaluation
    known: Evaluation | None
    other_classes: OtherClasses | None = Field(default=None, exclude_if=is_none)
    abstention: Abstention | None = Field(default=None, exclude_if=is_none)
    diagnoses: tuple[Diagnosis, ...]
    search: Search | None = Field(default=None, description="None if the model cannot be run")
    robustness: Robustness | None = Field(
        default=None, exclude_if=is_none, description="what changed images cost; None unless it was asked for"
    )
    sequential: Sequential | None = Field(
        default=None, exclude_if=is_none, description="None if all images were asked, whatever they showed"
    )
    lineage: Lineage | None = Field(
        default=None, exclude_if=is_none, description="declared: how often it was certified on these images"
    )
    use: Declaration | None = Field(
        default=None, exclude_if=is_none, description="declared: for what, where and when the model is to be used"
    )
    subject: SubjectInfo
    isolation: Isolation | None = Field(default=None, description="what was enforced on the model; None if none ran")
    dataset: DatasetInfo
    spec: SpecInfo
    claims: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    environment: Environment
    manifest: tuple[Entry, ...]
    reductions: tuple[Reduction, ...]
    predictions: tuple[Prediction, ...] = Field(min_length=1)
    clusters: tuple[Count, ...] | None = Field(
        default=None,
        exclude_if=is_none,
        description="declared: a number for each prediction, equal for images of one cluster; None if none were named",
    )
    digest: str

    @model_validator(mode="after")
    def _predictions_are_alike(self) -> Self:
        groups = {tuple(prediction.groups) for prediction in self.predictions}
        answered = [prediction for prediction in self.predictions if prediction.answer is not None]
        kinds = {(prediction.probabilities is None, prediction.columns is None) for prediction in answered}
        if len(groups) > 1 or len(kinds) > 1:
            raise ValueError("some predictions have probabilities or groups that others lack")
        if not answered:
            raise ValueError("no image has an answer")
        if self.clusters is not None:
            self._require_clusters(self.clusters)
        return self

    def _require_clusters(self, clusters: tuple[int, ...]) -> None:
        if len(clusters) != len(self.predictions) or self.sequential is not None:
            raise ValueError("clusters do not fit the predictions")
        if list(dict.fromkeys(clusters)) != list(range(len(set(clusters)))):
            raise ValueError("clusters are not numbered in the order of their first images")

    @property
    def asked(self) -> tuple[Entry, ...]:
        """The entries of the images that were asked, in the order of the predictions."""
        if self.sequential is None:
            return self.manifest
        return tuple(self.manifest[place] for place in sorted(self.sequential.order))

    @property
    def isolated(self) -> bool:
        """Whether code of the model's author, if any ran, was isolated from the judge."""
        return is_isolated(self.subject.runs_code, self.isolation)


def is_isolated(runs_code: bool, isolation: Isolation | None) -> bool:
    """Return whether no code of the author ran, or all of it was isolated."""
    return not runs_code or (isolation is not None and isolation.complete)


def canonical(document: dict[str, Any]) -> bytes:
    """Return the canonical form of a document (RFC 8785).

    Raise ``ValueError`` for a number or a text that has none: an integer beyond 2**53, an infinite number, or half of
    a surrogate pair.
    """
    return rfc8785.dumps(document)


def digest_of(document: dict[str, Any]) -> str:
    """Return the sha256 of a document's canonical form without ``digest``; ``ValueError`` as for ``canonical``."""
    return hashlib.sha256(canonical({key: value for key, value in document.items() if key != "digest"})).hexdigest()
