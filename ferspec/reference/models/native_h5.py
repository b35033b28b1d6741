"""Read the weights of whole models from ``.keras`` and ``.weights.h5`` files."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import open_archive

WEIGHTS = "model.weights.h5"
BESIDE = ("optimizer", "seed_generator")
EXPANSION = 100
NUMBERS = "fiu"
# exceptions of h5py, zipfile and Keras for damaged files
DAMAGED = (OSError, KeyError, ValueError, TypeError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)


def load(path: Path, model: Any, network: str) -> int:
    """Fill a model from a file and return the number of arrays.

    Code and configuration in the file are not read. ``UserError`` for a damaged file, and for one whose array shapes
    differ from those of the model.
    """
    total = require_fit(path, model, network)
    try:
        model.load_weights(path)
    except DAMAGED as error:
        raise UserError(f"{path.name} does not fit {network}: {_first_line(error)}") from None
    return total


def require_fit(path: Path, model: Any, network: str) -> int:
    """Return the number of arrays that ``load`` would fill; ``UserError`` if they do not fit."""
    stored = Counter(shapes(path))
    wanted = Counter(tuple(variable.shape) for variable in model.weights)
    if stored != wanted:
        filled, total = (stored & wanted).total(), wanted.total()
        raise UserError(
            f"{path.name} fits another network: {filled} of the {total} arrays of {network} have their shape in it"
            + (f", and it holds {stored.total()}" if stored.total() != filled else "")
        )
    return wanted.total()


def shapes(path: Path) -> list[tuple[int, ...]]:
    """Return the shapes of all arrays in a file; ``UserError`` where it is damaged or has an array without numbers."""
    import h5py

    found: list[tuple[int, ...]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not any(part in name for part in BESIDE):
            if item.dtype.kind not in NUMBERS:
                raise UserError(f"{path.name} is not a weights file: {name} contains something other than numbers")
            found.append(tuple(item.shape))

    try:
        if path.suffix == ".keras":
            with open_archive(path) as archive:
                if archive.getinfo(WEIGHTS).file_size > EXPANSION * path.stat().st_size:
                    raise UserError(f"{path.name} expands more than {EXPANSION}-fold: refused")
                with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
                    file.visititems(visit)
        else:
            with h5py.File(path) as file:
                file.visititems(visit)
    except DAMAGED as error:
        raise UserError(f"{path.name} is not a complete weights file: {_first_line(error)}") from None
    return found


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
