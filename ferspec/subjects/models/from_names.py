"""Open a model subject from the names of model, dataset, contract and groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import require_regular_file
from ferspec.progress import Progress, StepProgress, silent
from ferspec.subjects.datasets.subject import Dataset, open_dataset, synthetic_dataset
from ferspec.subjects.models import Model, open_model
from ferspec.subjects.models.callables.reference import is_callable_reference
from ferspec.subjects.models.callables.trial import IMPORT_ONLY, Trial, trial_of
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import apply_contract, load_contract
from ferspec.subjects.models.detect import require_runnable
from ferspec.subjects.models.outputs import choice_of
from ferspec.subjects.models.predictions import RecordedPredictions, align, is_predictions_file, read_predictions
from ferspec.subjects.models.subject import ModelSubject
from ferspec.subjects.runs.artifacts.record import CONTRACT as CONTRACT_NAME
from ferspec.subjects.runs.artifacts.record import MODEL, Drawn, is_run, read_run, require_artifact
from ferspec.subjects.time_limit import OF_MODELS
from ferspec.synthetic.demo import demo_contract_path, demo_model_path

DEMO = "demo"
# half as many as in BTFER, so that a demonstration renders its faces quickly
DEMO_PER_CLASS = 150
# limits on the faces in an untrusted record of a run; rendering them takes a few minutes
MOST_PER_CLASS, LARGEST_SIZE = 1000, 512


def open_images(
    model: str | Path,
    dataset: str | Path | None,
    groups: str | Path | None = None,
    progress: Progress = silent,
    split: str | None = None,
    clusters: str | Path | None = None,
) -> Dataset:
    """Open a split of a dataset, and add its groups and clusters.

    Without a dataset, render the synthetic faces of the demonstration, or of a run that was tested on them.
    """
    if dataset is None or dataset == DEMO:
        if split is not None:
            raise UserError("a split belongs to a dataset: add --dataset PATH, or remove --split")
        images = _synthetic_images(model, dataset, partial(progress, "drawing faces"))
    else:
        images = open_dataset(dataset, partial(progress, "reading images"), split)
    images = images.with_groups(groups) if groups else images
    return images.with_clusters(clusters) if clusters else images


def open_source(
    model: str | Path,
    trust_code: bool = False,
    seconds: float = OF_MODELS,
    trial: Trial = IMPORT_ONLY,
    contract: Contract | None = None,
    threads: int | None = None,
) -> Model | RecordedPredictions:
    """Open a model, or the recorded predictions in a file. ``demo`` is the embedded model.

    The folder of a finished training stands for its model, with the name of its cell. ``seconds`` limits the model's
    answer to one batch. ``trial`` tells which files a callable reads. ``contract`` chooses an output of the model;
    without one, an output that may hold the classes is chosen.
    ``threads`` compute one answer of a model, by default as many as there are.
    """
    if model == DEMO:
        return replace(open_model(demo_model_path(), seconds=seconds, threads=threads), name=DEMO)
    if is_run(model):
        run = read_run(model)
        path = require_artifact(model, run, MODEL)
        return replace(open_model(path, trust_code, seconds, threads=threads), name=run.cell)
    if is_predictions_file(model):
        return read_predictions(model)
    return open_model(model, trust_code, seconds, trial, choice_of(contract), threads)


def require_source(model: str | Path) -> None:
    """Raise ``UserError`` for a missing file, another format, or one that needs a missing extra.

    Nothing is loaded: call it before the images are read, which takes long.
    """
    path = Path(model)
    if model == DEMO:
        return
    if is_run(model):
        require_runnable(require_artifact(model, read_run(model), MODEL))
    elif is_predictions_file(model):
        require_regular_file(path)
    elif path.exists() or not is_callable_reference(str(model)):
        require_runnable(path)


def require_names(model: str | Path, contract: str | Path | None) -> None:
    """Raise ``UserError`` for a model as in ``require_source``, and for its contract."""
    require_source(model)
    if not is_predictions_file(model):
        find_contract(model, contract)


def contract_path(model: str | Path) -> Path:
    """Return the path of a model's contract; its name has no colon, which not every system allows."""
    path = Path(model)
    return path.parent / f"{path.name.replace(':', '.')}.{CONTRACT_NAME}"


def find_contract(model: str | Path, contract: str | Path | None = None) -> Contract:
    """Load the named contract, or the one next to the model (``MODEL.contract.toml`` or ``contract.toml``)."""
    if contract is not None:
        return load_contract(contract)
    if model == DEMO:
        return load_contract(demo_contract_path())
    if is_run(model):
        return load_contract(require_artifact(model, read_run(model), CONTRACT_NAME))
    for path in (contract_path(model), Path(model).parent / CONTRACT_NAME, Path(model) / CONTRACT_NAME):
        if path.is_file():
            return load_contract(path)
    raise UserError(f"no contract for {model}: write one with 'ferspec contract init {model}', or add --contract FILE")


def open_subject(
    model: str | Path,
    images: Dataset,
    contract: str | Path | None = None,
    trust_code: bool = False,
    seconds: float = OF_MODELS,
    progress: Progress = silent,
    hidden: Iterable[str | Path | None] = (),
) -> ModelSubject:
    """Open a model or predictions file and join it with the images.

    A callable never reads the files and folders in ``hidden``. Raise ``UserError`` for a missing or unreadable file.
    """
    trial = IMPORT_ONLY
    if is_callable_reference(str(model)) and not Path(model).exists():
        trial = trial_of(find_contract(model, contract).input, (*hidden, contract))
    declared = None if is_predictions_file(model) else find_contract(model, contract)
    source = open_source(model, trust_code, seconds, trial, declared)
    return join(images, source, declared, progress)


def join(
    images: Dataset,
    source: Model | RecordedPredictions,
    contract: Contract | None,
    progress: Progress = silent,
) -> ModelSubject:
    """Join a model and its contract, or recorded predictions, with the images."""
    if isinstance(source, RecordedPredictions):
        return ModelSubject(images, recorded=align(source, images.ids, images.labels))
    if contract is None:
        raise ValueError("a model needs a contract")
    return ModelSubject(images, apply_contract(source, contract), contract, progress=partial(progress, "predicting"))


def _synthetic_images(model: str | Path, dataset: str | Path | None, progress: StepProgress) -> Dataset:
    """Render the synthetic faces for a model without a dataset."""
    if DEMO in (model, dataset):
        return synthetic_dataset(DEMO_PER_CLASS, progress=progress)
    if not is_run(model):
        raise UserError("no dataset was given: add --dataset DIR (a folder per class, or another form of dataset)")
    run = read_run(model)
    # check this first, since rendering takes long
    require_artifact(model, run, MODEL)
    tested = run.data.get("btfer")
    if tested is None or tested.drawn is None:
        raise UserError(f"no dataset was given, and {model} was not tested on synthetic faces: add --dataset BTFER/")
    drawn = tested.drawn
    _require_limits(model, drawn)
    return synthetic_dataset(drawn.counts, drawn.size, drawn.seed, progress, drawn.drawn_at)


def _require_limits(model: str | Path, drawn: Drawn) -> None:
    most, largest = max(drawn.counts), max(drawn.drawn_at, drawn.size)
    if not (0 < min(drawn.counts) <= most <= MOST_PER_CLASS and drawn.size > 0 and largest <= LARGEST_SIZE):
        raise UserError(
            f"{model} asks for {most:,} faces per class at {largest:,} pixels: the limit is "
            f"{MOST_PER_CLASS:,} at {LARGEST_SIZE} pixels; add --dataset DIR"
        )
