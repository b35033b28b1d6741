"""What a training needs to go on after its last finished epoch, in files that are whole or absent."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.files import replacing
from ferspec.reference.training.epoch_row import EpochRow

LAST, BEST = "last.npz", "best-{epoch:05d}.npz"
# what a file that is not a training's state, or a damaged one, can bring about while it is read
UNREADABLE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class FinishedEpochs:
    """The finished epochs of a training and the seconds they took."""

    rows: tuple[EpochRow, ...] = ()
    seconds: float = 0.0


class StateFolder:
    """The folder in which a training keeps its last and its best state.

    ``last.npz`` holds the finished epochs with network and optimiser after them, ``best-EPOCH.npz`` the network of the
    best one, written before it: whenever ``last.npz`` can be read, all that it speaks of is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clear(self) -> None:
        """Remove what killed processes left half written; nobody else may be writing."""
        for path in self._folder.glob(".*.npz"):
            path.unlink()

    def progress(self) -> FinishedEpochs:
        """Return the finished epochs; none where there is no state yet."""
        path = self._folder / LAST
        if not path.exists():
            return FinishedEpochs()
        with _opened(path) as arrays:
            told = json.loads(str(arrays["progress"]))
            return FinishedEpochs(tuple(EpochRow.model_validate(row) for row in told["rows"]), told["seconds"])

    def save(self, progress: FinishedEpochs, best: int, network: Any, optimizer: Any) -> None:
        """Keep the state after the last of the finished epochs; ``best`` is the best epoch so far."""
        if progress.rows[-1].epoch == best:
            _write(self._folder / BEST.format(epoch=best), network=network.variables)
        told = {"rows": [row.model_dump() for row in progress.rows], "seconds": progress.seconds}
        _write(self._folder / LAST, text=json.dumps(told), network=network.variables, optimizer=optimizer.variables)
        for path in self._folder.glob(BEST.format(epoch=0).replace("00000", "*")):
            if path.name != BEST.format(epoch=best):
                path.unlink()

    def restore_last(self, network: Any, optimizer: Any) -> None:
        """Give network and optimiser, already built, the values they had after the last finished epoch."""
        with _opened(self._folder / LAST) as arrays:
            _assign(network.variables, arrays, "network", self._folder / LAST)
            _assign(optimizer.variables, arrays, "optimizer", self._folder / LAST)

    def restore_best(self, network: Any, epoch: int) -> None:
        """Give the network the values it had after an epoch that was the best so far."""
        path = self._folder / BEST.format(epoch=epoch)
        with _opened(path) as arrays:
            _assign(network.variables, arrays, "network", path)


def _write(path: Path, text: str | None = None, **groups: Iterable[Any]) -> None:
    arrays = {
        f"{name}/{place}": np.asarray(value) for name, values in groups.items() for place, value in enumerate(values)
    }
    if text is not None:
        arrays["progress"] = np.array(text)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield the arrays of a file; what is wrong with them shows when each is taken out, within the block."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except UNREADABLE as error:
        raise UserError(f"{path} is not the state of a training ({error}): remove its run to begin anew") from None


def _assign(variables: Sequence[Any], arrays: Any, name: str, path: Path) -> None:
    kept = [arrays[f"{name}/{place}"] for place in range(sum(key.startswith(f"{name}/") for key in arrays.files))]
    if [array.shape for array in kept] != [tuple(variable.shape) for variable in variables]:
        raise UserError(f"{path} is the state of another network: remove its run to begin anew")
    for variable, array in zip(variables, kept, strict=True):
        variable.assign(array)
