"""Present the folder of one training's artifacts as a subject."""

from __future__ import annotations

import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.files import open_archive
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
    RunRecord,
    SplitName,
    read_run,
)

FINISHED, CELL = "finished", "cell"
# many runs share the images of a dataset, and reading manifests takes longest
MANIFESTS_KEPT = 4
# members of a Keras archive besides its metadata
NETWORK = {"config.json", "model.weights.h5"}


@dataclass(frozen=True, eq=False)
class RunImages:
    """Hold the images of each split in a manifest, and the digest of each split."""

    parts: dict[SplitName, tuple[Entry, ...]]
    digests: dict[SplitName, str]

    def counted(self, name: SplitName) -> np.ndarray:
        """Return the number of images per class in a split, (7,)."""
        return np.array([*support(self.parts.get(name, ())).values()])

    @cached_property
    def listed_twice(self) -> dict[SplitName, tuple[str, ...]]:
        """The repeated paths of each split that has any."""
        counts = {name: Counter(entry.path for entry in entries) for name, entries in self.parts.items()}
        repeated = {name: tuple(path for path, n in paths.items() if n > 1) for name, paths in counts.items()}
        return {name: paths for name, paths in repeated.items() if paths}

    @cached_property
    def bytes_of_several_pictures(self) -> int:
        """The number of files, by their bytes, that have entries with different pixels."""
        pixels: dict[str, set[str]] = defaultdict(set)
        for entry in chain(*self.parts.values()):
            pixels[entry.bytes_sha256].add(entry.pixels_sha256)
        return sum(len(digests) > 1 for digests in pixels.values())

    @cached_property
    def trained_and_validated(self) -> tuple[str, ...]:
        """The validation images that occur in training with the same path and bytes."""
        trained = {(entry.path, entry.bytes_sha256) for entry in self.parts.get("training", ())}
        validation = self.parts.get("validation", ())
        return tuple(entry.path for entry in validation if (entry.path, entry.bytes_sha256) in trained)

    @cached_property
    def trained_under_other_names(self) -> int:
        """The number of validation images whose pixels occur in training."""
        trained = {entry.pixels_sha256 for entry in self.parts.get("training", ())}
        return sum(entry.pixels_sha256 in trained for entry in self.parts.get("validation", ()))

    @cached_property
    def repeated(self) -> dict[SplitName, int]:
        """The number of images per split whose pixels occur earlier in the split."""
        return {
            name: len(entries) - len({entry.pixels_sha256 for entry in entries}) for name, entries in self.parts.items()
        }

    @cached_property
    def leaked(self) -> int:
        """The number of distinct BTFER images, by pixels, that occur in training or validation."""
        pixels = {name: {entry.pixels_sha256 for entry in entries} for name, entries in self.parts.items()}
        tested = pixels.pop("btfer", set())
        return len(tested & set().union(*pixels.values()))


@dataclass(frozen=True, eq=False)
class RunFolder:
    """Hold the content of a folder of artifacts; ``cell`` is None for an unknown cell.

    ``digests`` has the sha256 of every artifact found, and ``unreadable`` one line on every invalid file. Unreadable
    content is None. The model is never opened; only the names in its archive are read. ``foreign`` lists other files.
    """

    path: Path
    run: RunRecord | None = None
    cell: Cell | None = None
    digests: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    history: tuple[EpochRow, ...] | None = None
    predictions: dict[SplitName, RunPredictions] | None = None
    report: RunReport | None = None
    contract: Contract | None = None
    images: RunImages | None = None
    foreign: tuple[str, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        """The readable files, ``cell`` for a known cell, and ``finished`` for a finished training."""
        contents = {
            RUN: self.run,
            CELL: self.cell,
            HISTORY: self.history,
            PREDICTIONS: self.predictions,
            REPORT: self.report,
            CONTRACT: self.contract,
            MANIFEST: self.images,
        }
        readable = {name for name, content in contents.items() if content is not None}
        return frozenset(readable | {FINISHED} if self.finished else readable)

    @property
    def finished(self) -> bool:
        """Whether the training is finished, by its record."""
        return self.run is not None and self.run.status == "finished"

    def why_missing(self, capability: str) -> str:
        if capability == FINISHED:
            return "this training is not finished" if self.run is not None else f"{RUN} cannot be read"
        if capability == CELL:
            return f"{RUN} names no known cell"
        return f"{capability} cannot be read" if capability in self.unreadable else f"{capability} is missing"


def open_run_folder(path: str | Path, cells: Mapping[str, Cell]) -> RunFolder:
    """Read a folder of artifacts; invalid files are listed in ``unreadable``.

    ``cells`` has the known cells by id. Raise ``UserError`` only for a folder that cannot be listed.
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
    digests: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for name in FINISHED_FILES:
        if (path / name).is_file():
            _attempt(name, partial(file_digest, path / name), digests, unreadable)
    contents: dict[str, Any] = {}
    for name in digests:
        _attempt(name, partial(READERS[name], path / name, digests[name]), contents, unreadable)
    return RunFolder(
        path,
        run,
        cell,
        digests,
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
        names = sorted(entry.name for entry in folder.iterdir() if not _is_empty_state(entry))
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None
    return tuple(name for name in names if name not in known and not name.startswith("."))


def _is_empty_state(entry: Path) -> bool:
    """Return whether a path is the empty state folder of a finished training."""
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
    """Identify a file by its content, so that files with the same content are equal."""

    sha256: str
    path: Path = field(compare=False)


@lru_cache(maxsize=MANIFESTS_KEPT)
def _images(content: _Content) -> RunImages:
    parts = read_manifest(content.path)
    return RunImages(parts, {name: digest(entries) for name, entries in parts.items()})


def _read_images(path: Path, sha256: str) -> RunImages:
    return _images(_Content(sha256, path))


def _read_predictions(path: Path, _: str) -> dict[SplitName, RunPredictions]:
    # a number beyond float32 becomes infinite, which a check reports
    with np.errstate(over="ignore"):
        return read_run_predictions(path)


def _require_archive(path: Path, _: str) -> None:
    """Raise ``UserError`` unless a file has the members of a Keras archive."""
    try:
        with open_archive(path) as archive:
            missing = sorted(NETWORK.difference(archive.namelist()))
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise UserError(f"{path} is not a Keras archive: {error}") from None
    if missing:
        raise UserError(f"{path} is not a Keras archive: {missing[0]} is missing")


READERS: dict[str, Callable[[Path, str], Any]] = {
    HISTORY: lambda path, _: read_history(path),
    PREDICTIONS: _read_predictions,
    REPORT: lambda path, _: read_run_report(path),
    CONTRACT: lambda path, _: load_contract(path),
    MANIFEST: _read_images,
    MODEL: _require_archive,
}
