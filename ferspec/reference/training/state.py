"""Save the state of a training after each epoch, in complete files, for resuming."""

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
from ferspec.files import open_regular, replacing
from ferspec.reference.training.epoch_row import EpochRow

LAST, BEST = "last.npz", "best-{epoch:05d}.npz"
# errors of reading a damaged file, or one that is not the state of a training
UNREADABLE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class FinishedEpochs:
    """The finished epochs of a training and the seconds they took."""

    rows: tuple[EpochRow, ...] = ()
    seconds: float = 0.0


class StateFolder:
    """The folder in which a training keeps its last and its best state.

    ``last.npz`` holds the finished epochs, and network and optimiser after them; ``best-EPOCH.npz`` holds the network
    of the best epoch. It is written first, so that it exists whenever ``last.npz`` refers to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clear(self) -> None:
        """Remove incomplete files of killed processes; no other process may be writing."""
        for path in self._folder.glob(".*.npz"):
            path.unlink()

    def progress(self) -> FinishedEpochs:
        """Return the finished epochs; none if there is no state yet."""
        path = self._folder / LAST
        if not path.exists():
            return FinishedEpochs()
        with _opened(path) as arrays:
            kept = json.loads(str(arrays["progress"]))
            return FinishedEpochs(tuple(EpochRow.model_validate(row) for row in kept["rows"]), kept["seconds"])

    def save(self, progress: FinishedEpochs, best: int, network: Any, optimizer: Any) -> None:
        """Keep the state after the last of the finished epochs; ``best`` is the best epoch so far."""
        if progress.rows[-1].epoch == best:
            _write(self._folder / BEST.format(epoch=best), network=network.variables)
        kept = {"rows": [row.model_dump() for row in progress.rows], "seconds": progress.seconds}
        _write(self._folder / LAST, text=json.dumps(kept), network=network.variables, optimizer=optimizer.variables)
        for path in self._folder.glob(BEST.format(epoch=0).replace("00000", "*")):
            if path.name != BEST.format(epoch=best):
                path.unlink()

    def restore_last(self, network: Any, optimizer: Any) -> None:
        """Restore network and optimiser, which are built, as they were after the last finished epoch."""
        with _opened(self._folder / LAST) as arrays:
            _assign(network.variables, arrays, "network", self._folder / LAST)
            _assign(optimizer.variables, arrays, "optimizer", self._folder / LAST)

    def restore_best(self, network: Any, epoch: int) -> None:
        """Restore the network as it was after an epoch that was the best so far."""
        path = self._folder / BEST.format(epoch=epoch)
        with _opened(path) as arrays:
            _assign(network.variables, arrays, "network", path)


def _write(path: Path, text: str | None = None, **groups: Iterable[Any]) -> None:
    arrays: dict[str, Any] = {
        f"{name}/{place}": np.asarray(value) for name, values in groups.items() for place, value in enumerate(values)
    }
    if text is not None:
        arrays["progress"] = np.array(text)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield the arrays of a file; reading a damaged one within the block raises ``UserError``."""
    try:
        with open_regular(path) as file, np.load(file, allow_pickle=False) as arrays:
            yield arrays
    except UNREADABLE as error:
        raise UserError(f"{path} is not the state of a training ({error}): remove its run to start it over") from None


def _assign(variables: Sequence[Any], arrays: Any, name: str, path: Path) -> None:
    kept = [arrays[f"{name}/{place}"] for place in range(sum(key.startswith(f"{name}/") for key in arrays.files))]
    if [array.shape for array in kept] != [tuple(variable.shape) for variable in variables]:
        raise UserError(f"{path} is the state of another network: remove its run to start it over")
    for variable, array in zip(variables, kept, strict=True):
        variable.assign(array)
