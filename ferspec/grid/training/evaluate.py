"""Predicts the images of a training with its network, and re-evaluates a finished training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from ferspec import spec
from ferspec.errors import SubjectError, UserError
from ferspec.grid.cells import find_cell
from ferspec.leaves import differing_leaves
from ferspec.progress import Progress, silent, tell
from ferspec.records import Record
from ferspec.reference.schedule import batch_size
from ferspec.subjects.models import open_model
from ferspec.subjects.models.contracts.answers import output_to_classes
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import apply_contract, load_contract
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.subjects.runs.artifacts.metrics import RunReport, SplitReport, read_run_report, report_of
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, read_run_predictions
from ferspec.subjects.runs.artifacts.record import (
    CONTRACT,
    FINISHED_FILES,
    MODEL,
    PREDICTIONS,
    REPORT,
    RunDeviation,
    RunRecord,
    Settings,
    SplitName,
    SplitRecord,
    read_run,
    require_artifact,
)
from ferspec.subjects.runs.data.decided import decided_splits
from ferspec.subjects.runs.data.load import open_training_data
from ferspec.subjects.runs.data.splits import ImageSplit, TrainingData

# far above the differences between machines, far below those between networks
TOLERANCE = 1e-3


class SplitComparison(Record):
    """The recorded and the new evaluation of one split.

    ``largest_difference`` is that of any probability. ``changed`` counts the images whose predicted class changed
    without having been tied before.
    """

    part: SplitName
    n: int
    recorded: SplitReport
    measured: SplitReport
    largest_difference: float
    changed: int

    @property
    def reproduced(self) -> bool:
        return self.largest_difference <= TOLERANCE and self.changed == 0


class Reevaluation(Record):
    """The new evaluation of a finished training's network, compared to its artifacts.

    ``report_matches`` says whether the recorded metrics follow from the recorded predictions. ``undeclared`` are
    deviations that the images and the ends of the phases show, but the record does not declare.
    """

    cell: str
    verdict: Literal["reproduced", "differs"]
    report_matches: bool
    parts: tuple[SplitComparison, ...]
    deviations: tuple[RunDeviation, ...]
    undeclared: tuple[RunDeviation, ...]


def evaluate_run(folder: str | Path, data_root: Path | None = None, progress: Progress = silent) -> Reevaluation:
    """Re-evaluate the network of a finished training on the same images; nothing is written.

    A run is reproduced if its report follows from its predictions, no probability differs by more than ``TOLERANCE``,
    no predicted class changes except between ties, and its record declares every deviation of its images and every cap
    that ended a phase. A network that contains code is refused. ``UserError`` for a run that is unfinished or
    incomplete, and for images that are not those of the run.
    """
    run = read_run(folder)
    paths = {name: require_artifact(folder, run, name) for name in FINISHED_FILES}
    recorded, report = read_run_predictions(paths[PREDICTIONS]), read_run_report(paths[REPORT])
    contract = load_contract(paths[CONTRACT])
    data = open_training_data(find_cell(run.cell), data_root, run.settings, partial(progress, "reading images"))
    tested = _same_images(run, data, recorded)
    model = apply_contract(open_model(paths[MODEL]), contract)
    tell(progress, decided_splits({name: part.record() for name, part in data.splits.items()}))
    batch = batch_size(run.settings.profile)
    try:
        measured = {
            name: predict_split(model.predict, part, contract, batch, f"predicting {name}", progress)
            for name, part in tested.items()
        }
    except SubjectError as error:
        raise UserError(f"{paths[MODEL]}: {error}") from error
    new, stated = (report_of(predictions, run.cell, run.settings.profile) for predictions in (measured, recorded))
    parts = tuple(
        _compare_part(name, (recorded[name], measured[name]), (stated.parts[name], new.parts[name])) for name in tested
    )
    matches = _agree(report, stated)
    deviations = (*data.deviations, *cap_that_ended(run.settings, [phase.ended for phase in run.phases]))
    undeclared = tuple(deviation for deviation in deviations if deviation not in run.deviations)
    same = matches and not undeclared and all(part.reproduced for part in parts)
    return Reevaluation(
        cell=run.cell,
        verdict="reproduced" if same else "differs",
        report_matches=matches,
        parts=parts,
        deviations=run.deviations,
        undeclared=undeclared,
    )


def cap_that_ended(settings: Settings, ended: Sequence[str]) -> tuple[RunDeviation, ...]:
    """Return the deviation that an epochs cap is, if it ended a phase early."""
    if "epochs cap" not in ended:
        return ()
    return (
        RunDeviation(
            clause="FER-S-05",
            option=f"--epochs-cap {settings.epochs_cap}",
            effect="the cap ended a phase before early stopping or its length did",
        ),
    )


def predict_split(
    predict: Callable[[np.ndarray], np.ndarray],
    part: ImageSplit,
    contract: Contract,
    batch_size: int,
    step: str = "predicting",
    progress: Progress = silent,
) -> RunPredictions:
    """Return the predictions of a network for every image of a split, in its order.

    ``predict`` maps a batch (b, h, w, c) float32, prepared as the contract says, to outputs (b, 7), as a Keras model's
    ``predict_on_batch`` and a ``Model``'s ``predict`` do. ``UserError`` for outputs that are not finite,
    ``SubjectError`` for outputs of another shape.
    """
    if not contract.output.is_the_protocols:
        raise UserError(f"the contract must name the seven classes, not {', '.join(contract.output.classes)}")
    outputs = []
    for start in range(0, len(part), batch_size):
        chosen = np.arange(start, min(start + batch_size, len(part)))
        outputs.append(np.asarray(predict(prepare_batch(part.read(chosen), contract.input))))
        if len(outputs[-1]) != len(chosen):
            raise SubjectError(f"the network answered {len(chosen)} images with {len(outputs[-1])} rows")
        progress(step, int(chosen[-1]) + 1, len(part))
    probabilities = output_to_classes(np.concatenate(outputs), contract).astype(np.float32)
    wrong = len(part) - int(np.isfinite(probabilities).all(axis=1).sum())
    if wrong:
        raise UserError(f"the network answers {wrong:,} of {len(part):,} images with NaN or infinite values")
    return RunPredictions(
        images=tuple(entry.path for entry in part.entries),
        pixels_sha256=tuple(entry.pixels_sha256 for entry in part.entries),
        labels=np.asarray(part.labels, np.int64),
        predicted=probabilities.argmax(axis=1),
        probabilities=probabilities,
    )


def _same_images(
    run: RunRecord, data: TrainingData, recorded: Mapping[SplitName, RunPredictions]
) -> dict[SplitName, ImageSplit]:
    """Return the predicted splits after checking that they hold the images of the run."""
    opened = data.splits
    for name, record in run.data.items():
        _require_same(name, record, opened.get(name))
    tested: dict[SplitName, ImageSplit] = {name: opened[name] for name in run.data if name != "training"}
    if tested.keys() != recorded.keys():
        raise UserError(f"{PREDICTIONS} has predictions of {_and(recorded)}, but the run was tested on {_and(tested)}")
    for name, part in tested.items():
        predictions = recorded[name]
        images = tuple((entry.path, entry.pixels_sha256) for entry in part.entries)
        same = images == tuple(zip(predictions.images, predictions.pixels_sha256, strict=True))
        if not same or not np.array_equal(predictions.labels, part.labels):
            raise UserError(f"{PREDICTIONS} does not list the {len(part):,} {name} images with their labels, in order")
    return tested


def _require_same(name: SplitName, recorded: SplitRecord, opened: ImageSplit | None) -> None:
    if opened is None:
        raise UserError(f"the run was tested on {name} images ({recorded.dataset}), which the data root does not have")
    now = opened.record()
    if now.manifest_digest != recorded.manifest_digest:
        raise UserError(
            f"the {name} images differ from those of the run ({now.n:,} of {now.dataset} now, {recorded.n:,} of "
            f"{recorded.dataset} then, another manifest): give the --data-root that the run was trained on"
        )


def _compare_part(
    name: SplitName, predictions: tuple[RunPredictions, RunPredictions], reports: tuple[SplitReport, SplitReport]
) -> SplitComparison:
    """Compare the recorded predictions and report of a split to the new ones."""
    then, now = (prediction.probabilities.astype(np.float64) for prediction in predictions)
    # the recorded distance of the new best class from the recorded best one; 0 if both are the same
    behind = then.max(axis=1) - then[np.arange(len(then)), predictions[1].predicted]
    return SplitComparison(
        part=name,
        n=len(then),
        recorded=reports[0],
        measured=reports[1],
        largest_difference=float(np.abs(then - now).max()),
        changed=int((behind > TOLERANCE).sum()),
    )


def _agree(report: RunReport, stated: RunReport) -> bool:
    rounding = spec.load().number("FER-X-03", "tolerance")
    return not any(differing_leaves(report.model_dump(), stated.model_dump(), rounding))


def _and(names: Iterable[str]) -> str:
    return " and ".join(names) or "nothing"
