"""Lets a trained network predict its images, and a finished training's network predict them once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from ferspec import spec
from ferspec.errors import SubjectError, UserError
from ferspec.grid.cells import find_cell
from ferspec.leaves import differing_leaves
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.reference.schedule import batch_size
from ferspec.subjects.models import open_model
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import apply_contract, load_contract, output_to_classes
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.subjects.runs.artifacts.metrics import PartReport, RunReport, read_run_report, report_of
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, read_run_predictions
from ferspec.subjects.runs.artifacts.record import (
    CONTRACT,
    FINISHED_FILES,
    MODEL,
    PARTS,
    PREDICTIONS,
    REPORT,
    Part,
    PartName,
    RunDeviation,
    RunRecord,
    Settings,
    read_run,
    require_artifact,
)
from ferspec.subjects.runs.data.load import open_training_data
from ferspec.subjects.runs.data.splits import ImagePart, TrainingData

# far above what another order of sums or another machine does, far below what another network does
TOLERANCE = 1e-3


class PartAgain(Record):
    """One part, recorded and measured again.

    ``largest_difference`` is that of any probability; ``changed`` counts the images that another class now has, though
    it was not as good as tied.
    """

    part: PartName
    n: int
    recorded: PartReport
    measured: PartReport
    largest_difference: float
    changed: int

    @property
    def reproduced(self) -> bool:
        return self.largest_difference <= TOLERANCE and self.changed == 0


class Reevaluated(Record):
    """What the network of a finished training says now, beside what its artifacts say.

    ``report_matches`` says whether the recorded figures are those of the recorded predictions; ``undeclared`` are
    deviations that the images and the ends of the phases show and the record leaves out.
    """

    cell: str
    verdict: Literal["reproduced", "differs"]
    report_matches: bool
    parts: tuple[PartAgain, ...]
    deviations: tuple[RunDeviation, ...]
    undeclared: tuple[RunDeviation, ...]


def evaluate_run(folder: str | Path, data_root: Path | None = None, progress: Progress = silent) -> Reevaluated:
    """Return what the network of a finished training predicts of the same images again; nothing is written.

    It is reproduced when the recorded report follows from the recorded predictions, no probability differs by more
    than ``TOLERANCE``, no image has another class, ties apart, and the record leaves out no deviation of its images
    and no cap that ended a phase.
    Nobody's code is run: a network that brings any is refused. ``UserError`` for a run that is not finished or not
    whole, and images that are not those it was tested on.
    """
    run = read_run(folder)
    paths = {name: require_artifact(folder, run, name) for name in FINISHED_FILES}
    recorded, report = read_run_predictions(paths[PREDICTIONS]), read_run_report(paths[REPORT])
    contract = load_contract(paths[CONTRACT])
    model = apply_contract(open_model(paths[MODEL]), contract)
    data = open_training_data(find_cell(run.cell), data_root, run.settings, partial(progress, "reading images"))
    tested = _same_images(run, data, recorded)
    batch = batch_size(run.settings.profile)
    try:
        measured = {
            name: predict_part(model.predict, part, contract, batch, f"predicting {name}", progress)
            for name, part in tested.items()
        }
    except SubjectError as error:
        raise UserError(f"{paths[MODEL]}: {error}") from error
    again, stated = (report_of(of, run.cell, run.settings.profile) for of in (measured, recorded))
    parts = tuple(
        _part_again(name, (recorded[name], measured[name]), (stated.parts[name], again.parts[name])) for name in tested
    )
    matches = _agree(report, stated)
    found = (*data.deviations, *cap_that_ended(run.settings, [phase.ended for phase in run.phases]))
    undeclared = tuple(deviation for deviation in found if deviation not in run.deviations)
    same = matches and not undeclared and all(part.reproduced for part in parts)
    return Reevaluated(
        cell=run.cell,
        verdict="reproduced" if same else "differs",
        report_matches=matches,
        parts=parts,
        deviations=run.deviations,
        undeclared=undeclared,
    )


def cap_that_ended(settings: Settings, ended: Sequence[str]) -> tuple[RunDeviation, ...]:
    """Return the deviation that a cap is, where it ended a phase that would have gone on."""
    if "epochs cap" not in ended:
        return ()
    return (
        RunDeviation(
            clause="FER-S-05",
            option=f"--epochs-cap {settings.epochs_cap}",
            effect="the cap ended a phase before early stopping or its length did",
        ),
    )


def predict_part(
    predict: Callable[[np.ndarray], np.ndarray],
    part: ImagePart,
    contract: Contract,
    batch_size: int,
    step: str = "predicting",
    progress: Progress = silent,
) -> RunPredictions:
    """Return what a network says of every image of a part, in its order.

    ``predict`` maps a batch (b, h, w, c) float32, prepared as the contract says, to outputs (b, 7); a Keras model's
    ``predict_on_batch`` and a ``Model``'s ``predict`` do. ``UserError`` for outputs that are not finite,
    ``SubjectError`` for those of another shape.
    """
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
        raise UserError(f"the network answers {wrong:,} of {len(part):,} images with values that are not finite")
    return RunPredictions(
        images=tuple(entry.path for entry in part.entries),
        pixels_sha256=tuple(entry.pixels_sha256 for entry in part.entries),
        labels=np.asarray(part.labels, np.int64),
        predicted=probabilities.argmax(axis=1),
        probabilities=probabilities,
    )


def _same_images(
    run: RunRecord, data: TrainingData, recorded: Mapping[PartName, RunPredictions]
) -> dict[PartName, ImagePart]:
    """Return the parts that were predicted, once they are known to be the images of the run."""
    opened: dict[PartName, ImagePart] = {name: part for name in PARTS if (part := getattr(data, name)) is not None}
    for name, part in run.data.items():
        _require_same(name, part, opened.get(name))
    tested = {name: opened[name] for name in run.data if name != "training"}
    if tested.keys() != recorded.keys():
        raise UserError(f"{PREDICTIONS} has predictions of {_and(recorded)}, but the run was tested on {_and(tested)}")
    for name, part in tested.items():
        told = recorded[name]
        images = tuple((entry.path, entry.pixels_sha256) for entry in part.entries)
        same = images == tuple(zip(told.images, told.pixels_sha256, strict=True))
        if not same or not np.array_equal(told.labels, part.labels):
            raise UserError(f"{PREDICTIONS} does not list the {len(part):,} {name} images with their labels, in order")
    return tested


def _require_same(name: PartName, recorded: Part, opened: ImagePart | None) -> None:
    if opened is None:
        raise UserError(f"the run was tested on {name} images ({recorded.dataset}), which the data root has not")
    now = opened.record()
    if now.manifest_digest != recorded.manifest_digest:
        raise UserError(
            f"the {name} images differ from those of the run ({now.n:,} of {now.dataset} now, {recorded.n:,} of "
            f"{recorded.dataset} then, another manifest): give the --data-root that it was trained on"
        )


def _part_again(
    name: PartName, said: tuple[RunPredictions, RunPredictions], reports: tuple[PartReport, PartReport]
) -> PartAgain:
    then, now = (of.probabilities.astype(np.float64) for of in said)
    # how far below the best a class was that is now the best: 0 where it was the best then
    behind = then.max(axis=1) - then[np.arange(len(then)), said[1].predicted]
    return PartAgain(
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


def _and(names: Mapping[str, object]) -> str:
    return " and ".join(names) or "nothing"
