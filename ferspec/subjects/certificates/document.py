"""The report: one document, valid against the published schema, from which every other page is drawn."""

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ferspec import spec
from ferspec.environment import Environment
from ferspec.outcomes import Counts, Deviation, Outcome, Verdict
from ferspec.records import Record
from ferspec.reference.figures import Evaluation, Figure
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.models.contracts.contract import Contract

SCHEMA_VERSION = "1"


class SubjectInfo(Record):
    """The model that was judged."""

    kind: Literal["model"] = "model"
    name: str
    format: str
    digest: str
    contract: Contract | None


class DatasetInfo(Record):
    """The images it was judged on."""

    name: str
    form: Literal["btfer", "class folders", "npz", "fer2013 csv", "synthetic"]
    n: int
    support: dict[str, int]
    manifest_digest: str
    notes: tuple[str, ...]
    synthetic: bool


class SpecInfo(Record):
    """The specification it was judged by."""

    version: str
    digest: str
    protocol: str


if TYPE_CHECKING:
    ClassName = str
else:
    ClassName = Literal[*spec.load().classes]
Probabilities = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False)], ...],
    Field(min_length=len(spec.load().classes), max_length=len(spec.load().classes)),
]


class Prediction(Record):
    """What the model said of one image, probabilities in the order of the seven classes."""

    image: str
    label: ClassName
    predicted: ClassName
    probabilities: Probabilities | None
    groups: dict[str, str] = Field(default_factory=dict)


class Diagnosis(Record):
    """One likely mistake: what was declared, what fits better, and what the difference costs in accuracy."""

    kind: Literal["class order", "value range", "colour", "resize filter"]
    message: str
    declared: str
    likely: str
    gain: Figure
    p_value: float
    n: int


class Report(Record):
    """A whole report; ``kind`` is a certificate only for a test set in the BTFER form."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    kind: Literal["certificate", "evaluation", "demonstration"]
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


def digest_of(document: dict[str, Any]) -> str:
    """Return the sha256 of a document without its ``digest``: of its JSON with sorted keys and no spaces."""
    body = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()
