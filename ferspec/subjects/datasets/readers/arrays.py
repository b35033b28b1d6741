"""An .npz file of images and labels, and the temporary file that keeps arrays out of memory."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import MAX_PIXELS, gray_to_rgb
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.disk import require_utf8, room_for, temporary_file
from ferspec.subjects.models.base import one_line

WANTED = "expected 'images' (n, h, w) or (n, h, w, 3) uint8 and 'labels' (n,)"
PIECE = 1 << 20
LONGEST_LABEL = 4 * 256


def read_npz(path: Path) -> Listing:
    """List the images of an .npz file: ``images`` (n, h, w), (n, h, w, 1) or (n, h, w, 3) uint8, grey or RGB, and
    ``labels`` (n,), whole numbers 0 to 6 in the order of the seven classes or names of classes. Ids are indices.

    Nothing is unpickled. The images are copied to a temporary file and read from there, so that memory does not grow
    with them. ``UserError`` for anything else, in one line.
    """
    require_utf8(path.name)
    try:
        with room_for(str(path)), zipfile.ZipFile(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            missing = {"images", "labels"} - members.keys()
            if missing:
                raise UserError(f"{path}: no array {' and no array '.join(sorted(map(repr, missing)))}: {WANTED}")
            with archive.open(members["images"]) as images_member, archive.open(members["labels"]) as labels_member:
                shape = _image_shape(path, images_member)
                labels = _labels(path, labels_member, shape[0])
                images = _images(path, images_member, shape)
    except UserError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything inside zipfile and NumPy
        raise UserError(f"{path}: not a readable .npz file ({one_line(error)})") from error
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


def _image_shape(path: Path, member: IO[bytes]) -> tuple[int, ...]:
    shape, fortran_order, dtype = _header(path, member)
    if dtype != np.uint8:
        raise UserError(f"{path}: images are {dtype}: {WANTED}; values 0 to 255 can be cast with astype('uint8')")
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)) or min(shape) < 0 or 0 in shape[1:]:
        raise UserError(f"{path}: images have shape {shape}: {WANTED}")
    if fortran_order:
        raise UserError(f"{path}: images are in Fortran order: save numpy.ascontiguousarray(images)")
    if shape[1] * shape[2] > MAX_PIXELS:
        raise UserError(f"{path}: images of {shape[2]}x{shape[1]} pixels: more than {MAX_PIXELS:,} each")
    if shape[0] == 0:
        raise UserError(f"{path}: holds no images")
    return shape


def _images(path: Path, member: IO[bytes], shape: tuple[int, ...]) -> np.ndarray:
    needed = math.prod(shape)
    with temporary_file(str(path)) as file:
        # A byte more than the header tells is enough to know it lies, however far the member expands.
        while file.tell() <= needed and (piece := member.read(min(PIECE, needed + 1 - file.tell()))):
            file.write(piece)
        _require_bytes(path, "images", file.tell(), needed)
        return mapped(file, shape)


def _labels(path: Path, member: IO[bytes], images: int) -> np.ndarray:
    shape, _, dtype = _header(path, member)
    last = len(spec.load().classes) - 1
    if len(shape) != 1:
        raise UserError(f"{path}: labels have shape {shape}: {WANTED}")
    if dtype.kind not in "iuU":
        raise UserError(f"{path}: labels are {dtype}: whole numbers 0 to {last} or names of classes are expected")
    if dtype.itemsize > LONGEST_LABEL:
        raise UserError(f"{path}: labels are {dtype}, too long for names of classes")
    if shape[0] != images:
        raise UserError(f"{path}: {images} images but {shape[0]} labels")
    needed = images * dtype.itemsize
    content = member.read(needed + 1)
    _require_bytes(path, "labels", len(content), needed)
    labels = np.frombuffer(content, dtype)
    if dtype.kind == "U":
        try:
            indices = class_indices(labels.tolist())
        except UserError as error:
            raise UserError(f"{path}: labels: {error}") from None
        return np.array([indices[name] for name in labels.tolist()], np.int64)
    outside = np.flatnonzero((labels < 0) | (labels > last))
    if len(outside):
        raise UserError(
            f"{path}: label {labels[outside[0]]} of image {outside[0]} is out of range: labels are 0 to {last}"
        )
    return labels.astype(np.int64)


def _header(path: Path, member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    # Later versions are for headers above 64 KiB, which no such array has and which would be read whole.
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise UserError(f"{path}: version {version[0]}.{version[1]} of the .npy format: save it with numpy.savez")
    return np.lib.format.read_array_header_1_0(member)


def _require_bytes(path: Path, what: str, found: int, needed: int) -> None:
    if found != needed:
        amount = f"more than {needed:,}" if found > needed else f"{found:,}"
        raise UserError(f"{path}: {what} hold {amount} bytes, but their shape needs {needed:,}")
