"""One training's artifacts as a subject: everything its folder holds, read as far as it can be."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.spec.records import Cell
from ferspec.subjects.datasets.manifest import Entry, digest, support
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import load_contract
from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.metrics import RunReport, read_run_report
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, read_run_predictions
from ferspec.subjects.runs.artifacts.record import (
    COMPANIONS,
    CONTRACT,
    FINISHED_FILES,
    HISTORY,
    MANIFEST,
    MODEL,
    PREDICTIONS,
    REPORT,
    RUN,
    STATE,
    PartName,
    RunRecord,
    read_run,
)

FINISHED, CELL = "finished", "cell"
LARGEST_CONTRACT = 1 << 20
# the images of a dataset are the same in many runs, and reading them takes longest
MANIFESTS_KEPT = 4
# what an archive of Keras holds beside its metadata
NETWORK = {"config.json", "model.weights.h5"}


@dataclass(frozen=True, eq=False)
class RunImages:
    """The images of each part that a manifest lists, and the digest of each part."""

    parts: dict[PartName, tuple[Entry, ...]]
    digests: dict[PartName, str]

    def counted(self, name: PartName) -> np.ndarray:
        """Return how many images of each of the seven classes a part has."""
        return np.array([*support(self.parts.get(name, ())).values()])

    @cached_property
    def listed_twice(self) -> dict[PartName, tuple[str, ...]]:
        """The paths that a part lists more than once, of the parts that have any."""
        counted = {name: Counter(entry.path for entry in entries) for name, entries in self.parts.items()}
        twice = {name: tuple(path for path, times in of.items() if times > 1) for name, of in counted.items()}
        return {name: paths for name, paths in twice.items() if paths}

    @cached_property
    def bytes_of_several_pictures(self) -> int:
        """How many files, told apart by their bytes, are said to hold more than one picture."""
        pictures: dict[str, str] = {}
        entries = (entry for of in self.parts.values() for entry in of)
        return len(
            {
                entry.bytes_sha256
                for entry in entries
                if pictures.setdefault(entry.bytes_sha256, entry.pixels_sha256) != entry.pixels_sha256
            }
        )

    @cached_property
    def trained_and_validated(self) -> tuple[str, ...]:
        """The paths of validation images that are also trained on: the same path with the same bytes."""
        trained = {(entry.path, entry.bytes_sha256) for entry in self.parts.get("training", ())}
        seen = (entry for entry in self.parts.get("validation", ()) if (entry.path, entry.bytes_sha256) in trained)
        return tuple(entry.path for entry in seen)

    @cached_property
    def trained_under_other_names(self) -> int:
        """How many validation images have the pixels of one that is trained on."""
        trained = {entry.pixels_sha256 for entry in self.parts.get("training", ())}
        return sum(entry.pixels_sha256 in trained for entry in self.parts.get("validation", ()))

    @cached_property
    def repeated(self) -> dict[PartName, int]:
        """How many images of each part have the pixels of one that the part lists before."""
        return {
            name: len(entries) - len({entry.pixels_sha256 for entry in entries}) for name, entries in self.parts.items()
        }

    @cached_property
    def leaked(self) -> int:
        """How many pictures of BTFER are also trained or validated on, whatever their names."""
        pixels = {name: {entry.pixels_sha256 for entry in entries} for name, entries in self.parts.items()}
        tested = pixels.pop("btfer", set())
        return len(tested & set().union(*pixels.values()))


@dataclass(frozen=True, eq=False)
class RunFolder:
    """What a folder of artifacts holds; ``cell`` is the one that its record names, or None for an unknown one.

    ``found`` is the sha256 of every artifact that is there; ``unreadable`` says of every file that is not of its form
    what is wrong with it, in one line. What could not be read is None; of the network, which is never opened, only the
    names in its archive are read. ``foreign`` are the other files in the folder.
    """

    path: Path
    run: RunRecord | None = None
    cell: Cell | None = None
    found: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    history: tuple[EpochRow, ...] | None = None
    predictions: dict[PartName, RunPredictions] | None = None
    report: RunReport | None = None
    contract: Contract | None = None
    images: RunImages | None = None
    foreign: tuple[str, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        """The files that could be read, ``cell`` for a known one, ``finished`` for the record of a training that is."""
        contents = {
            RUN: self.run,
            CELL: self.cell,
            HISTORY: self.history,
            PREDICTIONS: self.predictions,
            REPORT: self.report,
            CONTRACT: self.contract,
            MANIFEST: self.images,
        }
        able = {name for name, content in contents.items() if content is not None}
        return frozenset(able | {FINISHED} if self.finished else able)

    @property
    def finished(self) -> bool:
        """Whether the record says that the training is."""
        return self.run is not None and self.run.status == "finished"

    def why_missing(self, capability: str) -> str:
        if capability == FINISHED:
            return "this training is not finished" if self.run is not None else f"{RUN} cannot be read"
        if capability == CELL:
            return f"{RUN} names no known cell"
        return f"{capability} cannot be read" if capability in self.unreadable else f"{capability} is missing"


def open_run_folder(path: str | Path, cells: Mapping[str, Cell]) -> RunFolder:
    """Return what a folder of artifacts holds; whatever is wrong with its files stands in what is returned.

    ``cells`` are those that are known, by their ids. ``UserError`` only for a folder that cannot be listed.
    """
    path = Path(path)
    foreign = _foreign(path)
    try:
        run = read_run(path)
    except UserError as error:
        return RunFolder(path, unreadable={RUN: str(error)}, foreign=foreign)
    cell = cells.get(run.cell)
    if run.status != FINISHED:
        return RunFolder(path, run, cell, foreign=foreign)
    found: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for name in FINISHED_FILES:
        if (path / name).is_file():
            _attempt(name, partial(file_digest, path / name), found, unreadable)
    contents: dict[str, Any] = {}
    for name in found:
        _attempt(name, partial(READERS[name], path / name, found[name]), contents, unreadable)
    return RunFolder(
        path,
        run,
        cell,
        found,
        unreadable,
        contents.get(HISTORY),
        contents.get(PREDICTIONS),
        contents.get(REPORT),
        contents.get(CONTRACT),
        contents.get(MANIFEST),
        foreign,
    )


def _foreign(folder: Path) -> tuple[str, ...]:
    known = {RUN, *FINISHED_FILES, *COMPANIONS}
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not _is_emptied(entry))
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None
    return tuple(name for name in names if name not in known and not name.startswith("."))


def _is_emptied(entry: Path) -> bool:
    """Return whether this is where a training kept its state, which is gone once it has finished."""
    return entry.name == STATE and entry.is_dir() and not any(entry.iterdir())


def _attempt(name: str, read: Callable[[], Any], into: dict[str, Any], unreadable: dict[str, str]) -> None:
    try:
        into[name] = read()
    except UserError as error:
        unreadable[name] = str(error)
    except OSError as error:
        unreadable[name] = f"cannot read {name}: {error.strerror}"


@dataclass(frozen=True)
class _Content:
    """A file known by its content: files of the same content are equal, wherever they lie."""

    sha256: str
    path: Path = field(compare=False)


@lru_cache(maxsize=MANIFESTS_KEPT)
def _images(content: _Content) -> RunImages:
    parts = read_manifest(content.path)
    return RunImages(parts, {name: digest(entries) for name, entries in parts.items()})


def _read_images(path: Path, sha256: str) -> RunImages:
    return _images(_Content(sha256, path))


def _read_predictions(path: Path, _: str) -> dict[PartName, RunPredictions]:
    # a number beyond float32 becomes infinite, and a check says so
    with np.errstate(over="ignore"):
        return read_run_predictions(path)


def _require_archive(path: Path, _: str) -> None:
    """Raise ``UserError`` unless a file is an archive that holds a Keras network, by the names in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            missing = sorted(NETWORK.difference(archive.namelist()))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise UserError(f"{path} is no archive of a Keras network: {error}") from None
    if missing:
        raise UserError(f"{path} is no archive of a Keras network: it holds no {missing[0]}")


def _read_contract(path: Path, _: str) -> Contract:
    if path.stat().st_size > LARGEST_CONTRACT:
        raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for a contract")
    return load_contract(path)


READERS: dict[str, Callable[[Path, str], Any]] = {
    HISTORY: lambda path, _: read_history(path),
    PREDICTIONS: _read_predictions,
    REPORT: lambda path, _: read_run_report(path),
    CONTRACT: _read_contract,
    MANIFEST: _read_images,
    MODEL: _require_archive,
}
