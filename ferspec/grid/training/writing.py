"""Writes the artifacts of a training atomically, and last the record of their completion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import replacing, write_whole
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import save_contract
from ferspec.subjects.runs.artifacts.history import history_text
from ferspec.subjects.runs.artifacts.manifest import manifest_text
from ferspec.subjects.runs.artifacts.metrics import report_of
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, predictions_text
from ferspec.subjects.runs.artifacts.record import (
    CONTRACT,
    CURVES,
    FINISHED_FILES,
    HISTORY,
    MANIFEST,
    MODEL,
    PREDICTIONS,
    REPORT,
    RUN,
    SPLITS,
    RunRecord,
    Settings,
    SplitName,
    is_run,
    read_run,
    require_artifact,
)
from ferspec.subjects.runs.data.splits import TrainingData


def begun_run(folder: Path, cell: str, settings: Settings) -> RunRecord | None:
    """Return the record of the training in a folder, or None if there is none.

    Hidden files are ignored: they are locks or remains of a killed process. ``UserError`` if the path is a file, if the
    folder holds other files than a run's or a run of another cell or other settings (the message names the first
    difference), or if an artifact of a finished run is missing or changed.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file, not a folder: choose another --out")
    if not is_run(folder):
        foreign = sorted(path.name for path in _listed(folder) if not path.name.startswith("."))
        if foreign:
            raise UserError(f"{folder} contains {foreign[0]} but no {RUN}: choose another --out, or empty it")
        return None
    run = read_run(folder)
    difference = next(_differences(run, cell, settings), None)
    if difference:
        raise UserError(f"{folder} contains the training of {difference}: choose another --out")
    if run.status == "finished":
        _require_whole(folder, run)
    return run


def write_record(folder: Path, run: RunRecord) -> None:
    """Write the record of a training, run.json."""
    write_whole(folder / RUN, run.model_dump_json(indent=2) + "\n")


def write_artifacts(
    folder: Path,
    run: RunRecord,
    network: Any,
    contract: Contract,
    predictions: Mapping[SplitName, RunPredictions],
    data: TrainingData,
    history: Iterable[EpochRow],
) -> RunRecord:
    """Write every artifact of a training, then its record as finished with their sha256. Return the record.

    ``network`` is a Keras model; it is saved without its optimiser. ``UserError`` if the folder is not writable or the
    disk is full: existing files are then kept, and the record still says that the training is not finished.
    """
    parts = {name: part.entries for name in SPLITS if (part := getattr(data, name)) is not None}
    write_whole(folder / MANIFEST, manifest_text(parts))
    write_whole(folder / HISTORY, history_text(history))
    _save(network, folder / MODEL)
    save_contract(contract, folder / CONTRACT)
    write_whole(folder / PREDICTIONS, predictions_text(predictions))
    report = report_of(predictions, run.cell, run.settings.profile)
    write_whole(folder / REPORT, report.model_dump_json(indent=2) + "\n")
    files = {name: file_digest(folder / name) for name in FINISHED_FILES}
    remove_leftovers(folder)
    finished = run.model_copy(update={"status": "finished", "files": files})
    write_record(folder, finished)
    return finished


def _save(network: Any, path: Path) -> None:
    """Save the network without its optimiser, which would triple the size of the file."""
    import keras

    uncompiled = keras.Model(network.inputs, network.outputs, name=network.name)
    with replacing(path) as temporary:
        uncompiled.save(temporary)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while writing."""
    for name in map(Path, (RUN, CURVES, *FINISHED_FILES)):
        for path in folder.glob(f".{name.stem}.*{name.suffix}"):
            path.unlink(missing_ok=True)


def _require_whole(folder: Path, run: RunRecord) -> None:
    try:
        for name in FINISHED_FILES:
            require_artifact(folder, run, name)
    except UserError as error:
        raise UserError(f"{error}: choose another --out, or empty it to train again") from None


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir() if folder.exists() else ()
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None


def _differences(run: RunRecord, cell: str, settings: Settings) -> Iterator[str]:
    if run.cell != cell:
        yield f"{run.cell}, not of {cell}"
    for name in Settings.model_fields:
        theirs, ours = getattr(run.settings, name), getattr(settings, name)
        if theirs != ours:
            yield f"{run.cell} with {name.replace('_', ' ')} {theirs}, not {ours}"
