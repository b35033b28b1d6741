"""The files that one training leaves, and the record that says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ferspec import spec
from ferspec.environment import Environment
from ferspec.errors import UserError
from ferspec.records import Count, Record
from ferspec.spec.records import Profile
from ferspec.subjects.models.base import file_digest

RUN, HISTORY, PREDICTIONS, REPORT = "run.json", "history.csv", "predictions.csv", "report.json"
MODEL, CONTRACT, MANIFEST = "model.keras", "contract.toml", "manifest.csv"
# what only a training that goes on needs, removed once it has finished
STATE = "state"
# what a training may leave beside its artifacts, for people and for loggers
CURVES, EVENTS, MLFLOW_DATABASE, MLFLOW_RUN = "curves.svg", "tensorboard", "mlflow.db", "mlflow-run.txt"
COMPANIONS = (CURVES, EVENTS, MLFLOW_DATABASE, MLFLOW_RUN)
FINISHED_FILES = (HISTORY, PREDICTIONS, REPORT, MODEL, CONTRACT, MANIFEST)
PARTS: tuple[PartName, ...] = ("training", "validation", "btfer")
# in place of a dataset: faces that are drawn, for trying things out
SYNTHETIC = "synthetic"
LARGEST_RECORD = 16 << 20
LARGEST_SEED = 2**31 - 1

AtLeastOne = Annotated[Count, Field(ge=1)]
PartName = Literal["training", "validation", "btfer"]
Augment = Literal["threads", "device", "reference"]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]


class Drawn(Record):
    """What synthetic faces were drawn from: how many of each class, in the order of the classes, and the seed.

    They are drawn on ``drawn_at`` x ``drawn_at`` pixels, of which the middle ``size`` x ``size`` are cut out.
    """

    counts: tuple[Count, ...] = Field(min_length=len(spec.load().classes), max_length=len(spec.load().classes))
    drawn_at: Count
    size: Count
    seed: Count


class Part(Record):
    """The images of one part: which dataset, how many of each class, and the digest of their manifest."""

    dataset: str
    n: Count
    support: dict[str, Count]
    manifest_digest: str
    notes: tuple[str, ...] = ()
    drawn: Drawn | None = None


class Settings(Record):
    """What a training was told; every value here changes what comes out."""

    profile: Profile
    seed: int = Field(ge=0, le=LARGEST_SEED)
    global_batch: AtLeastOne
    replicas: AtLeastOne
    augment: Augment = "threads"
    precision: Precision = "float32"
    jit: bool = False
    epochs_cap: AtLeastOne | None = None
    subset: AtLeastOne | None = None
    skip_unreadable: Count = 0

    @model_validator(mode="after")
    def _replicas_share_a_batch(self) -> Self:
        if self.global_batch % self.replicas:
            raise ValueError(f"{self.replicas} replicas cannot share batches of {self.global_batch} images evenly")
        return self


class RunDeviation(Record):
    """A point in which a training departs from the protocol: the clause, what was asked for, what it did."""

    clause: str
    option: str
    effect: str


class Start(Record):
    """What the network started from: ``scratch``, or published weights or a file with its sha256."""

    kind: str
    file: str | None = None
    sha256: str | None = None


class Phase(Record):
    """One phase of a training: whether the base was frozen, how many epochs it had, and why it ended."""

    phase: Count
    frozen: bool
    initial_rate: float
    epochs: Count
    ended: Literal["early stopping", "length of the phase", "epochs cap"]


class Best(Record):
    """The epoch whose weights were kept; ``epoch`` counts from 0 over the whole run, as history.csv does."""

    epoch: Count
    phase: Count
    val_accuracy: float


class RunRecord(Record):
    """The whole record of one training; ``files`` holds the sha256 of every other artifact once it is finished.

    A run with any entry in ``deviations`` is not a protocol run.
    """

    schema_version: Literal["1"] = "1"
    cell: str
    status: Literal["running", "finished"]
    settings: Settings
    deviations: tuple[RunDeviation, ...]
    start: Start
    class_weights: dict[str, float]
    data: dict[PartName, Part]
    phases: tuple[Phase, ...] = ()
    best: Best | None = None
    environment: Environment
    spec_version: str
    spec_digest: str
    files: dict[str, str] = Field(default_factory=dict)


def is_run(path: str | Path) -> bool:
    """Return whether a path is the folder of one training's artifacts."""
    return (Path(path) / RUN).is_file()


def read_run(folder: str | Path) -> RunRecord:
    """Return the record of a training; ``UserError`` where it is missing, unreadable, or not one of this version."""
    path = Path(folder) / RUN
    try:
        if path.stat().st_size > LARGEST_RECORD:
            raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for the record of a run")
        return RunRecord.model_validate(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise UserError(f"{folder}: no {RUN}: not the folder of a run") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise UserError(f"{path} is not the record of a run: {where}") from None


def require_artifact(folder: str | Path, run: RunRecord, name: str) -> Path:
    """Return the path of one artifact of a finished training, once it is known to be the file that was written.

    ``UserError`` for a training that is not finished, and an artifact that is missing or of another sha256.
    """
    path = Path(folder) / name
    if run.status != "finished":
        raise UserError(f"{folder}: this training is not finished: start its command again, and it goes on")
    if not path.is_file():
        raise UserError(f"{folder}: {name} is missing, so this is not a whole run")
    try:
        found = file_digest(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if found != run.files.get(name):
        raise UserError(f"{path} is not the file that {RUN} names (another sha256): damaged, or changed since")
    return path
