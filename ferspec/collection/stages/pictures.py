"""Read and write the pictures of a stage; those of stages 2 and 3 are PNG files of pixels, without metadata."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ferspec.collection.manifest import PICTURES
from ferspec.errors import UserError
from ferspec.files import read_bounded, write_whole
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.decoders.pool import Decoders

# a picture of the most pixels that are decoded, as PNG
LARGEST = 128 << 20
AGAIN = "it was changed: remove the file, and run the same command again"


def read_picture(path: Path, decoders: Decoders) -> np.ndarray:
    """Return the pixels (h, w, 3) uint8 RGB of a picture, upright; ``UserError`` where it cannot be read."""
    return decoders.decode(read_bounded(path, LARGEST, "a picture"), str(path))


def read_kept(path: Path, pixels: str, decoders: Decoders) -> np.ndarray:
    """Return the pixels of a picture that a stage kept; ``UserError`` unless they have the digest ``pixels``."""
    try:
        picture = read_picture(path, decoders)
    except UserError as error:
        raise UserError(f"{error}: {AGAIN}") from None
    if pixel_digest(picture) != pixels:
        raise UserError(f"{path} is not the picture that was kept: {AGAIN}")
    return picture


def is_kept(path: Path, digest: str) -> bool:
    """Return whether a file exists and has a sha256."""
    return path.is_file() and hashlib.sha256(read_bounded(path, LARGEST, "a picture")).hexdigest() == digest


def png(picture: np.ndarray) -> bytes:
    """Return the PNG of pixels, which holds nothing else."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write pixels as PNG under a temporary name, and rename it."""
    write_whole(path, png(picture))


def remove_others(folder: Path, files: Iterable[str]) -> None:
    """Remove each picture that is not one of these files, as a killed stage leaves."""
    named = set(files)
    for path in (folder / PICTURES).glob("*"):
        if f"{PICTURES}/{path.name}" not in named:
            path.unlink()
