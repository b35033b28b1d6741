"""Weights of a whole model in Keras 3's own formats, ``.keras`` and ``.weights.h5``: all arrays, or an error."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from ferspec.errors import UserError

WEIGHTS = "model.weights.h5"
BESIDE = ("optimizer", "seed_generator")
EXPANSION = 100


def load(path: Path, model: Any, network: str) -> int:
    """Fill a model from a file and return the number of arrays; its code or configuration is never looked at.

    ``UserError`` for a damaged file, and for one whose arrays are not, shape for shape, those of the model.
    """
    stored = Counter(_shapes(path))
    wanted = Counter(tuple(variable.shape) for variable in model.weights)
    if stored != wanted:
        filled, total = (stored & wanted).total(), wanted.total()
        raise UserError(
            f"{path.name} fits another network: {filled} of the {total} arrays of {network} have their shape in it"
            + (f", and it holds {stored.total()}" if stored.total() != filled else "")
        )
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise UserError(f"{path.name} does not fit {network}: {str(error).splitlines()[0]}") from None
    return wanted.total()


def _shapes(path: Path) -> list[tuple[int, ...]]:
    import h5py

    shapes: list[tuple[int, ...]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not any(part in name for part in BESIDE):
            shapes.append(tuple(item.shape))

    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(WEIGHTS).file_size > EXPANSION * path.stat().st_size:
                    raise UserError(f"{path.name} expands more than {EXPANSION}-fold: refused")
                with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
                    file.visititems(visit)
        else:
            with h5py.File(path) as file:
                file.visititems(visit)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path.name} is not a whole weights file: {str(error).splitlines()[0]}") from None
    return shapes
