"""The artifacts of a whole protocol run, made without training.

The images have the counts of Table 1 and no pixels; the predictions are drawn to give the published metrics.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.environment import environment
from ferspec.grid.cells import find_cell
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.models import preprocessing_of
from ferspec.reference.models.weights import published
from ferspec.reference.schedule import batch_size, best_epoch, evaluated_images, phases_of, replay
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.weighting import conservative_weights, simple_weights
from ferspec.spec.records import Cell, Dataset, Profile
from ferspec.subjects.datasets.manifest import Entry, digest, support
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import contract_text
from ferspec.subjects.runs.artifacts.history import history_text
from ferspec.subjects.runs.artifacts.manifest import manifest_text
from ferspec.subjects.runs.artifacts.metrics import report_of
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, predictions_text
from ferspec.subjects.runs.artifacts.record import (
    CONTRACT,
    FINISHED_FILES,
    HISTORY,
    MANIFEST,
    MODEL,
    PREDICTIONS,
    REPORT,
    RUN,
    Best,
    Phase,
    RunRecord,
    Settings,
    SplitRecord,
    Start,
)

CELL = "resnet18-scratch-48-rafdb-conservative"
BOOK = spec.load()
CLASSES = BOOK.classes
FEW = replace(protocol_resampling(), replicates=2)
FULL_LENGTH = 32


@dataclass
class Made:
    """What a run consists of before it is written; a fault is planted by changing it."""

    cell: Cell
    manifest: dict[str, tuple[Entry, ...]]
    predictions: dict[str, RunPredictions]
    history: tuple[EpochRow, ...]
    profile: Profile = "released"
    seed: int = 0
    epochs_cap: int | None = None
    ended: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write every artifact as a training does, the record last, and return the folder."""
        folder.mkdir(parents=True)
        size = (self.cell.resolution, self.cell.resolution)
        report = report_of(self.predictions, self.cell.id, self.profile, FEW)
        fed = preprocessing_of(self.cell.architecture, self.cell.weights, self.profile)
        contract = Contract(input=Input(size=size, **asdict(fed)), output=Output(classes=CLASSES))
        texts = {
            MANIFEST: manifest_text(self.manifest),
            HISTORY: history_text(self.history),
            PREDICTIONS: predictions_text(self.predictions),
            REPORT: report.model_dump_json(indent=2) + "\n",
            CONTRACT: contract_text(contract, {}),
        }
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
        write_network(folder / MODEL, f"{self.cell.id}, seed {self.seed}")
        (folder / RUN).write_text(self._record(folder).model_dump_json(indent=2))
        return folder

    def _record(self, folder: Path) -> RunRecord:
        plans = phases_of(self.cell.weights, self.profile)
        best = self.history[best_epoch([row.val_accuracy for row in self.history])]
        counts = [*support(self.manifest["training"]).values()]
        weights = {"simple": simple_weights, "conservative": conservative_weights}[self.cell.balancing](counts)
        return RunRecord(
            cell=self.cell.id,
            status="finished",
            settings=Settings(
                profile=self.profile,
                seed=self.seed,
                global_batch=batch_size(self.profile),
                replicas=1,
                epochs_cap=self.epochs_cap,
            ),
            deviations=(),
            start=_start(self.cell),
            class_weights=dict(zip(CLASSES, map(float, weights), strict=True)),
            data={name: _part(self.cell, name, entries) for name, entries in self.manifest.items()},
            phases=tuple(
                Phase(
                    phase=number,
                    frozen=plan.frozen,
                    initial_rate=plan.initial_rate,
                    epochs=sum(row.phase == number for row in self.history),
                    ended=ended,
                )
                for number, (plan, ended) in enumerate(zip(plans, self.ended, strict=True), start=1)
            ),
            best=Best(epoch=best.epoch, phase=best.phase, val_accuracy=best.val_accuracy),
            environment=environment({}),
            spec_version=BOOK.version,
            spec_digest=BOOK.digest,
            files={name: file_digest(folder / name) for name in FINISHED_FILES},
        )


def made(cell: str = CELL, profile: Profile = "released", seed: int = 0, **shift: float) -> Made:
    """Return a right run of a cell; ``val`` and ``btfer`` shift its published accuracies."""
    row = find_cell(cell)
    manifest = images(row, seed)
    predictions = {}
    for prefix, name in (("val", "validation"), ("btfer", "btfer")):
        accuracy = row.metric(f"{prefix}_accuracy", profile) + shift.get(prefix, 0.0)
        predictions[name] = predicted(manifest[name], accuracy, profile, seed)
    whole = evaluated_images(len(predictions["validation"]), batch_size(profile), profile)
    part = predictions["validation"]
    reached = float((part.labels[:whole] == part.predicted[:whole]).mean())
    rows, ended = history(row, reached, profile)
    return Made(row, manifest, predictions, rows, profile, seed, ended=ended)


def images(cell: Cell, seed: int) -> dict[str, tuple[Entry, ...]]:
    """Return a manifest of as many images of each class as the protocol has in each part."""
    dataset, test = BOOK.datasets[cell.dataset], BOOK.datasets["BTFER"]
    trained, held_out = _counts(dataset, str(cell.resolution))
    return {
        "training": _entries(cell.dataset, "training", trained, dataset.size, seed),
        "validation": _entries(cell.dataset, "validation", held_out, dataset.size, seed),
        "btfer": _entries("BTFER", "btfer", test.counts, test.size, 0),
    }


def _counts(dataset: Dataset, at: str) -> tuple[np.ndarray, np.ndarray]:
    """Return how many images of each class are trained and validated on; of AffectNet only totals are known."""
    if not dataset.training_totals:
        return np.array(dataset.training_counts), np.subtract(dataset.counts, dataset.training_counts)
    totals = dataset.training_totals[at], dataset.validation_totals[at]
    whole = np.array(dataset.counts) * sum(totals) // dataset.total
    whole[-1] += sum(totals) - whole.sum()
    trained = whole * totals[0] // sum(totals)
    trained[-1] += totals[0] - trained.sum()
    return trained, whole - trained


def predicted(entries: tuple[Entry, ...], accuracy: float, profile: Profile, seed: int) -> RunPredictions:
    """Return predictions of which, of the images that the profile evaluates, just that share is right."""
    rng = np.random.default_rng(seed)
    labels = np.array([CLASSES.index(entry.label) for entry in entries])
    n = evaluated_images(len(labels), batch_size(profile), profile)
    right = np.zeros(len(labels), bool)
    right[rng.permutation(n)[: round(accuracy * n)]] = True
    right[n:] = rng.random(len(labels) - n) < accuracy
    # a wrong class is as frequent as its images are, so that averages stay near accuracy
    others = rng.permutation(labels)
    wrong = np.where(others == labels, (labels + 1) % len(CLASSES), others)
    classes = np.where(right, labels, wrong)
    probabilities = rng.dirichlet(np.ones(len(CLASSES)), len(labels))
    top = probabilities.argmax(axis=1)
    rows = np.arange(len(labels))
    probabilities[rows, top], probabilities[rows, classes] = probabilities[rows, classes], probabilities[rows, top]
    return RunPredictions(
        images=tuple(entry.path for entry in entries),
        pixels_sha256=tuple(entry.pixels_sha256 for entry in entries),
        labels=labels,
        predicted=classes,
        probabilities=probabilities.astype(np.float32),
    )


def history(cell: Cell, reached: float, profile: Profile) -> tuple[tuple[EpochRow, ...], tuple[str, ...]]:
    """Return epochs that the schedule gives, the best of which reaches a validation accuracy, and how phases ended."""
    rows: list[EpochRow] = []
    ended: list[str] = []
    patience = BOOK.value("FER-S-05", "patience")
    plans = phases_of(cell.weights, profile)
    for number, plan in enumerate(plans, start=1):
        length = plan.longest or FULL_LENGTH
        # the loss falls to the end of a phase of fixed length; otherwise it turns, and training stops
        falling = length if plan.longest else length - patience
        losses = [2.0 - 0.05 * epoch for epoch in range(falling)]
        losses += [losses[-1] + 0.01 * epoch for epoch in range(1, length - falling + 1)]
        rates = replay(losses, plan.initial_rate, profile).rates
        for epoch, (loss, rate) in enumerate(zip(losses, rates, strict=True)):
            last_phase = number == len(plans)
            at_best = last_phase and epoch == falling - 1
            below = 0.5 + 0.2 * epoch / length + 0.1 * number / len(plans)
            rows.append(
                EpochRow(
                    epoch=len(rows),
                    accuracy=0.3 + 0.5 * epoch / length,
                    learning_rate=rate,
                    loss=loss,
                    val_accuracy=reached if at_best else reached * below,
                    val_loss=loss,
                    phase=number,
                )
            )
        ended.append("length of the phase" if plan.longest else "early stopping")
    return tuple(rows), tuple(ended)


def write_network(path: Path, name: str) -> None:
    """Write an archive that holds what Keras writes by name, and nothing that could be loaded."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in ("metadata.json", "config.json", "model.weights.h5"):
            # without a date, so that the same run is the same file
            archive.writestr(zipfile.ZipInfo(member), name)


def _start(cell: Cell) -> Start:
    if cell.weights == "scratch":
        return Start(kind="scratch")
    name = published(cell.architecture, cell.weights).name
    return Start(kind=cell.weights, file=name, sha256=hashlib.sha256(name.encode()).hexdigest())


def _part(cell: Cell, name: str, entries: tuple[Entry, ...]) -> SplitRecord:
    return SplitRecord(
        dataset="BTFER" if name == "btfer" else cell.dataset,
        n=len(entries),
        support=support(entries),
        manifest_digest=digest(entries),
    )


def _entries(dataset: str, part: str, counts: object, size: tuple[int, int], seed: int) -> tuple[Entry, ...]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), counts))
    return tuple(
        _entry(dataset, f"{part}/{CLASSES[label]}/{index:05}.png", CLASSES[label], size)
        for index, label in enumerate(labels)
    )


def _entry(dataset: str, path: str, label: str, size: tuple[int, int]) -> Entry:
    pixels = hashlib.sha256(f"{dataset} {path}".encode()).hexdigest()
    return Entry(path=path, bytes_sha256=pixels[::-1], pixels_sha256=pixels, height=size[0], width=size[1], label=label)
