"""From what a user names (a model or predictions file, a dataset, a contract, groups) to a model subject."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from ferspec.errors import UserError
from ferspec.progress import Progress, StepProgress, silent
from ferspec.subjects.datasets.subject import Dataset, open_dataset, synthetic_dataset
from ferspec.subjects.models import Model, open_model
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import load_contract, settle
from ferspec.subjects.models.predictions import RecordedPredictions, align, is_predictions_file, read_predictions
from ferspec.subjects.models.subject import ModelSubject
from ferspec.subjects.runs.artifacts.record import CONTRACT as CONTRACT_NAME
from ferspec.subjects.runs.artifacts.record import MODEL, Drawn, is_run, read_run, require_artifact
from ferspec.synthetic.demo import demo_contract_path, demo_model_path

DEMO = "demo"
# half of BTFER's: a demonstration should not make one wait for its faces to be drawn
DEMO_PER_CLASS = 150
# no record of a run can ask for more faces than a machine draws in a few minutes
MOST_PER_CLASS, LARGEST_SIZE = 1000, 512


def open_images(
    model: str | Path, dataset: str | Path | None, groups: str | Path | None = None, progress: Progress = silent
) -> Dataset:
    """Return the named dataset with the columns of a groups CSV.

    The demonstration brings its own, and so does a run that was tested on synthetic faces: they are drawn again.
    """
    if dataset in (None, DEMO):
        images = _drawn_images(model, dataset, partial(progress, "drawing faces"))
    else:
        images = open_dataset(dataset, progress=partial(progress, "reading images"))
    return images.with_groups(groups) if groups else images


def open_source(model: str | Path, trust_code: bool = False) -> Model | RecordedPredictions:
    """Return the named model, or the predictions that a CSV file records; ``demo`` is the embedded model.

    The folder of a finished training stands for its network, named by its cell.
    """
    if model == DEMO:
        return replace(open_model(demo_model_path()), name=DEMO)
    if is_run(model):
        run = read_run(model)
        return replace(open_model(require_artifact(model, run, MODEL), trust_code=trust_code), name=run.cell)
    return read_predictions(model) if is_predictions_file(model) else open_model(model, trust_code=trust_code)


def find_contract(model: str | Path, contract: str | Path | None = None) -> Contract:
    """Return the contract given, else the one beside the model (``MODEL.contract.toml`` or ``contract.toml``)."""
    if contract is not None:
        return load_contract(contract)
    if model == DEMO:
        return load_contract(demo_contract_path())
    if is_run(model):
        return load_contract(require_artifact(model, read_run(model), CONTRACT_NAME))
    beside = [Path(f"{model}.{CONTRACT_NAME}"), Path(model).parent / CONTRACT_NAME, Path(model) / CONTRACT_NAME]
    for path in beside:
        if path.is_file():
            return load_contract(path)
    raise UserError(f"no contract for {model}: write one with 'ferspec contract init {model}', or add --contract FILE")


def open_subject(
    model: str | Path,
    images: Dataset,
    contract: str | Path | None = None,
    trust_code: bool = False,
    progress: Progress = silent,
) -> ModelSubject:
    """Return the model or predictions that a user names, joined with opened images.

    ``UserError`` for whatever is missing or cannot be read.
    """
    source = open_source(model, trust_code)
    declared = None if isinstance(source, RecordedPredictions) else find_contract(model, contract)
    return join(images, source, declared, progress)


def join(
    images: Dataset,
    source: Model | RecordedPredictions,
    contract: Contract | None,
    progress: Progress = silent,
) -> ModelSubject:
    """Return the subject that a source of predictions and its images make."""
    if isinstance(source, RecordedPredictions):
        return ModelSubject(images, recorded=align(source, images.ids))
    return ModelSubject(images, settle(source, contract), contract, progress=partial(progress, "predicting"))


def _drawn_images(model: str | Path, dataset: str | Path | None, progress: StepProgress) -> Dataset:
    """Return the synthetic faces that a model is judged on where no images are named."""
    if DEMO in (model, dataset):
        return synthetic_dataset(DEMO_PER_CLASS, progress=progress)
    if not is_run(model):
        raise UserError("no dataset was given: add --dataset DIR (a folder per class, an .npz or FER2013's CSV)")
    run = read_run(model)
    # before anything is drawn, which takes long
    require_artifact(model, run, MODEL)
    tested = run.data.get("btfer")
    if tested is None or tested.drawn is None:
        raise UserError(f"{model} was not tested on synthetic faces, which could be drawn again: add --dataset BTFER/")
    _require_sane(model, tested.drawn)
    drawn = tested.drawn
    return synthetic_dataset(drawn.counts, drawn.size, drawn.seed, progress, drawn.drawn_at)


def _require_sane(model: str | Path, drawn: Drawn) -> None:
    most, largest = max(drawn.counts), max(drawn.drawn_at, drawn.size)
    if not (0 < min(drawn.counts) <= most <= MOST_PER_CLASS and drawn.size > 0 and largest <= LARGEST_SIZE):
        raise UserError(
            f"{model} asks for {most:,} faces of a class of {largest:,} pixels: at most "
            f"{MOST_PER_CLASS:,} of {LARGEST_SIZE} are drawn; add --dataset DIR"
        )
