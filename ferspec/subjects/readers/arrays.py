"""An .npz file of images and labels, and the temporary file that keeps arrays out of memory."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.images import MAX_PIXELS, gray_to_rgb
from ferspec.subjects.readers.listing import Listing

WANTED = "expected 'images' (n, h, w) or (n, h, w, 3) uint8 and 'labels' (n,)"


def read_npz(path: Path) -> Listing:
    """List the images of an .npz file: ``images`` (n, h, w), (n, h, w, 1) or (n, h, w, 3) uint8, grey or RGB, and
    ``labels`` (n,), whole numbers 0 to 6 in the order of the seven classes or names of classes. Ids are indices.

    Nothing is unpickled. The images are copied to a temporary file and read from there, so that memory does not grow
    with them. ``UserError`` for anything else, in one line.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            missing = {"images", "labels"} - members.keys()
            if missing:
                raise UserError(f"{path}: no array {' and no array '.join(sorted(map(repr, missing)))}: {WANTED}")
            with archive.open(members["labels"]) as member:
                labels = _labels(path, np.lib.format.read_array(member, allow_pickle=False))
            with archive.open(members["images"]) as member:
                images = _images(path, member)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
        raise UserError(f"{path}: not a readable .npz file ({error})") from error
    if len(images) != len(labels):
        raise UserError(f"{path}: {len(images)} images but {len(labels)} labels")
    if not len(images):
        raise UserError(f"{path}: holds no images")
    unused = sorted(members.keys() - {"images", "labels"})
    notes = (f"arrays that are neither images nor labels were left out: {', '.join(unused)}",) if unused else ()
    return Listing("npz", tuple(map(str, range(len(images)))), labels, fetch_from(images), notes)


def fetch_from(images: np.ndarray) -> Callable[[int], tuple[bytes, np.ndarray]]:
    """Return the ``fetch`` of a listing over (n, h, w) or (n, h, w, c) uint8 images: stored bytes, RGB pixels."""

    def fetch(index: int) -> tuple[bytes, np.ndarray]:
        image = np.array(images[index])
        gray = image.ndim == 2 or image.shape[-1] == 1
        return image.tobytes(), gray_to_rgb(image.reshape(image.shape[:2])) if gray else image

    return fetch


def mapped(file: IO[bytes], shape: tuple[int, ...]) -> np.ndarray:
    """Return the uint8 array that a file holds, read from disk as it is needed; the file may be closed meanwhile."""
    file.flush()
    return np.memmap(file, np.uint8, "r", shape=shape)


def class_indices(names: Iterable[str]) -> dict[str, int]:
    """Return the place (0 to 6) of each different class name; ``UserError`` where one is unknown."""
    return {name: spec.load().class_index(name) for name in dict.fromkeys(names)}


def _images(path: Path, member: IO[bytes]) -> np.ndarray:
    shape, fortran_order, dtype = _header(member)
    if dtype != np.uint8:
        raise UserError(f"{path}: images are {dtype}: {WANTED}; values 0 to 255 can be cast with astype('uint8')")
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)) or 0 in shape[1:]:
        raise UserError(f"{path}: images have shape {shape}: {WANTED}")
    if fortran_order:
        raise UserError(f"{path}: images are in Fortran order: save numpy.ascontiguousarray(images)")
    if shape[1] * shape[2] > MAX_PIXELS:
        raise UserError(f"{path}: images of {shape[2]}x{shape[1]} pixels: more than {MAX_PIXELS:,} each")
    if shape[0] == 0:
        return np.empty(shape, np.uint8)
    needed = int(np.prod(shape))
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(member, file, 1 << 20)
        if file.tell() != needed:
            raise UserError(f"{path}: images hold {file.tell():,} bytes, but shape {shape} needs {needed:,}")
        return mapped(file, shape)


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(member)


def _labels(path: Path, labels: np.ndarray) -> np.ndarray:
    if labels.ndim != 1:
        raise UserError(f"{path}: labels have shape {labels.shape}: {WANTED}")
    if labels.dtype.kind == "U":
        indices = class_indices(labels.tolist())
        return np.array([indices[name] for name in labels.tolist()], np.int64)
    if labels.dtype.kind not in "iu":
        raise UserError(f"{path}: labels are {labels.dtype}: whole numbers 0 to 6 or names of classes are expected")
    outside = np.flatnonzero((labels < 0) | (labels > 6))
    if len(outside):
        raise UserError(f"{path}: label {labels[outside[0]]} of image {outside[0]} is out of range: labels are 0 to 6")
    return labels.astype(np.int64)
