"""Define the artifacts of a training, and the record that describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from ferspec import spec
from ferspec.environment import Environment
from ferspec.errors import UserError
from ferspec.files import is_regular_file, parse_json, read_bounded
from ferspec.records import Count, Record
from ferspec.reference.training.settings import AtLeastOne, Seed, TrainedBy, TrainingSettings
from ferspec.subjects.models.base import file_digest

RUN, HISTORY, PREDICTIONS, REPORT = "run.json", "history.csv", "predictions.csv", "report.json"
MODEL, CONTRACT, MANIFEST = "model.keras", "contract.toml", "manifest.csv"
# state for resuming an unfinished training; removed when it finishes
STATE = "state"
# optional files next to the artifacts, for people and loggers
CURVES, EVENTS, MLFLOW_DATABASE, MLFLOW_RUN = "curves.svg", "tensorboard", "mlflow.db", "mlflow-run.txt"
COMPANIONS = (CURVES, EVENTS, MLFLOW_DATABASE, MLFLOW_RUN)
FINISHED_FILES = (HISTORY, PREDICTIONS, REPORT, MODEL, CONTRACT, MANIFEST)
# the name in place of a dataset for rendered faces, which are meant for trials
SYNTHETIC = "synthetic"
LARGEST_RECORD = 16 << 20

SplitName = Literal["training", "validation", "btfer"]
SPLITS: tuple[SplitName, ...] = ("training", "validation", "btfer")


class Drawn(Record):
    """Hold the parameters of synthetic faces; ``counts`` is in the order of the classes.

    Faces are rendered at ``drawn_at`` x ``drawn_at`` pixels and cropped to the central ``size`` x ``size``.
    """

    counts: tuple[Count, ...] = Field(min_length=len(spec.load().classes), max_length=len(spec.load().classes))
    drawn_at: Count
    size: Count
    seed: Count


class SplitRecord(Record):
    """Describe the images of one split: dataset, form of its files, number per class, and digest of the manifest."""

    dataset: str
    form: str | None = None
    n: Count
    support: dict[str, Count]
    manifest_digest: str
    notes: tuple[str, ...] = ()
    drawn: Drawn | None = None


class Settings(TrainingSettings):
    """Hold the settings of a training, and how its batches are divided: ``global_batch`` images over ``replicas``."""

    # a record has to state both, a request need not
    profile: TrainedBy
    seed: Seed
    global_batch: AtLeastOne
    replicas: AtLeastOne

    @model_validator(mode="after")
    def _replicas_share_a_batch(self) -> Self:
        if self.global_batch % self.replicas:
            raise ValueError(f"{self.replicas} replicas cannot share batches of {self.global_batch} images evenly")
        return self


class RunDeviation(Record):
    """Describe a departure from the protocol: clause, option that caused it, and effect."""

    clause: str
    option: str
    effect: str


class Start(Record):
    """Describe the initial weights: ``scratch``, or published weights or a file with its sha256."""

    kind: str
    file: str | None = None
    sha256: str | None = None


class Phase(Record):
    """Describe one phase of a training: frozen or not, epochs, and reason for its end."""

    phase: Count
    frozen: bool
    initial_rate: float
    epochs: Count
    ended: Literal["early stopping", "length of the phase", "epochs cap"]


class Best(Record):
    """Describe the epoch of the kept checkpoint; ``epoch`` counts from 0 over the whole run."""

    epoch: Count
    phase: Count
    val_accuracy: float


class RunRecord(Record):
    """Hold the record of one training. ``files`` has the sha256 of every other artifact of a finished run.

    A run with any entry in ``deviations`` is not a protocol run.
    """

    schema_version: Literal["1"] = "1"
    cell: str
    status: Literal["running", "finished"]
    settings: Settings
    deviations: tuple[RunDeviation, ...]
    start: Start
    class_weights: dict[str, float]
    data: dict[SplitName, SplitRecord]
    phases: tuple[Phase, ...] = ()
    best: Best | None = None
    environment: Environment
    spec_version: str
    spec_digest: str
    files: dict[str, str] = Field(default_factory=dict)


def is_run(path: str | Path) -> bool:
    """Return whether a path is the folder of one training's artifacts."""
    return is_regular_file(Path(path) / RUN)


def read_run(folder: str | Path) -> RunRecord:
    """Read the record of a training. Raise ``UserError`` if it is missing, unreadable, or of another version."""
    path = Path(folder) / RUN
    if not path.exists():
        raise UserError(f"{folder} is not the folder of a run: {RUN} is missing")
    try:
        return RunRecord.model_validate(parse_json(read_bounded(path, LARGEST_RECORD, "the record of a run")))
    except ValueError as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise UserError(f"{path} is not the record of a run: {where}") from None


def part_name(path: Path, line: int, name: str, known: tuple[SplitName, ...]) -> SplitName:
    """Return the split of that name. Raise ``UserError`` with the line for another name than those in ``known``."""
    for part in known:
        if name == part:
            return part
    raise UserError(f"{path} line {line}: unknown part {name!r}: known are {', '.join(known)}")


def require_artifact(folder: str | Path, run: RunRecord, name: str) -> Path:
    """Return the path of an artifact of a finished training after checking its sha256.

    Raise ``UserError`` for an unfinished training, or an artifact that is missing or has another sha256.
    """
    path = Path(folder) / name
    if run.status != "finished":
        raise UserError(f"{folder}: this training is not finished: run its command again to resume it")
    if not is_regular_file(path):
        raise UserError(f"{folder}: the run is incomplete: {name} is missing")
    try:
        sha256 = file_digest(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if sha256 != run.files.get(name):
        raise UserError(f"{path} is not the file that {RUN} names (another sha256): it is damaged, or was changed")
    return path
