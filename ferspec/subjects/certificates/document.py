"""Define the report document, from which all pages are rendered."""

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import rfc8785
from pydantic import Field, model_validator

from ferspec import spec
from ferspec.environment import Environment
from ferspec.outcomes import Counts, Deviation, Outcome, Verdict
from ferspec.records import Count, Record
from ferspec.reference.measured import Evaluation, Metric
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.models.contracts.contract import Contract

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


class DatasetInfo(Record):
    """Describe the images of the dataset."""

    name: str
    form: Literal["btfer", "class folders", "npz", "fer2013 csv", "synthetic"]
    n: int
    support: dict[str, int]
    manifest_digest: str
    notes: tuple[str, ...]
    synthetic: bool


class SpecInfo(Record):
    """Identify the specification."""

    version: str
    digest: str
    protocol: str


if TYPE_CHECKING:
    ClassName = str
else:
    ClassName = Literal[*spec.load().classes]
Probabilities = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)], ...],
    Field(min_length=len(spec.load().classes), max_length=len(spec.load().classes)),
]


class Prediction(Record):
    """Hold the prediction for one image, with probabilities in the order of the seven classes."""

    image: str
    label: ClassName
    predicted: ClassName
    probabilities: Probabilities | None
    groups: dict[str, str] = Field(default_factory=dict)


class Diagnosis(Record):
    """Describe one likely mistake: the declared value, the likely value, and the gain in accuracy."""

    kind: Literal["class order", "value range", "colour", "resize filter"]
    message: str
    declared: str
    likely: str
    gain: Metric
    p_value: float = Field(ge=0, le=1)
    n: Count


class Report(Record):
    """Hold a complete report. ``kind`` is a certificate only for a test set in the BTFER form."""

    schema_version: Literal["2"] = SCHEMA_VERSION
    kind: ReportKind
    verdict: Verdict
    counts: Counts
    outcomes: tuple[Outcome, ...]
    metrics: Evaluation
    diagnoses: tuple[Diagnosis, ...]
    subject: SubjectInfo
    dataset: DatasetInfo
    spec: SpecInfo
    claims: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    environment: Environment
    manifest: tuple[Entry, ...]
    predictions: tuple[Prediction, ...] = Field(min_length=1)
    digest: str

    @model_validator(mode="after")
    def _predictions_are_alike(self) -> Self:
        kinds = {(prediction.probabilities is None, tuple(prediction.groups)) for prediction in self.predictions}
        if len(kinds) > 1:
            raise ValueError("some predictions have probabilities or groups that others lack")
        return self


def canonical(document: dict[str, Any]) -> bytes:
    """Return the canonical form of a document (RFC 8785).

    Raise ``ValueError`` for a number or a text that has none: an integer beyond 2**53, an infinite number, or half of
    a surrogate pair.
    """
    return rfc8785.dumps(document)


def digest_of(document: dict[str, Any]) -> str:
    """Return the sha256 of a document's canonical form without ``digest``; ``ValueError`` as for ``canonical``."""
    return hashlib.sha256(canonical({key: value for key, value in document.items() if key != "digest"})).hexdigest()
