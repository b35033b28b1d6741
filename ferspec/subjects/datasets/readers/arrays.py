"""Read an .npz file of images and labels, and keep arrays on disk."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple
from zipfile import ZipFile

import numpy as np

from ferspec import spec
from ferspec.errors import UserError, one_line
from ferspec.files import open_archive
from ferspec.spec.names import LabelOrder
from ferspec.subjects.datasets.decode import MAX_PIXELS, decode, gray_to_rgb
from ferspec.subjects.datasets.readers.array_names import array_pairs
from ferspec.subjects.datasets.readers.limits import CHUNK, EXPANSION, LARGEST_SET, MOST_IMAGES, UNCHECKED
from ferspec.subjects.datasets.readers.listing import ORDER, Choice, Decode, Fetch, Listing
from ferspec.subjects.datasets.readers.orders import PROTOCOL, proven_order
from ferspec.subjects.datasets.readers.splits import WHOLE
from ferspec.subjects.disk import require_utf8, room_for, temporary_file
from ferspec.subjects.examples import first_few

EXPECTED = "expected 'images' (n, h, w) or (n, h, w, 3) uint8 and 'labels' (n,)"
ONE_SPLIT = "of several .npz files, each must hold one split, as 'images' and 'labels'"
LONGEST_LABEL = 4 * 64
# columns of one-hot labels: the seven classes, and what datasets add to them
MOST_CLASSES = 16
OUTSIDE = -1


class _Content(NamedTuple):
    """Images, labels (numbers or names) and notes of a split."""

    images: np.ndarray
    labels: np.ndarray
    notes: tuple[str, ...]


def read_npz(path: Path, dataset: str | None = None) -> dict[str, Listing]:
    """List the images of each split of an .npz file, by the split's name.

    ``images`` is (n, h, w), (n, h, w, 1) or (n, h, w, 3) uint8, grey or RGB; ``labels`` (n,), (n, 1) or one-hot (n, k)
    holds integers 0 to 6 in the protocol's order, or class names. Other names are those of ``array_pairs``, such as
    ``x_train`` and ``y_train``. An order that the counts prove has precedence. Ids are indices. Nothing is unpickled. A
    temporary file holds the images, so that memory use does not depend on their number. Raise ``UserError`` for any
    other content.
    """
    contents = _contents(path)
    listings = _listings([path] * len(contents), list(contents.values()), dataset)
    return dict(zip(contents, listings, strict=True))


def read_npz_files(paths: Sequence[Path], dataset: str | None = None) -> list[Listing]:
    """List the images of several files, one for each split; numbers have the same order in all of them."""
    contents = [_contents(path) for path in paths]
    for path, splits in zip(paths, contents, strict=True):
        if set(splits) != {WHOLE}:
            raise UserError(f"{path}: holds the splits {', '.join(sorted(splits))}: {ONE_SPLIT}")
    return _listings(paths, [splits[WHOLE] for splits in contents], dataset)


def _listings(paths: Sequence[Path], contents: Sequence[_Content], dataset: str | None) -> list[Listing]:
    numbers = [_counts(content.labels) for content in contents if content.labels.dtype.kind != "U"]
    whole = sum(numbers, Counter[int]())
    proven = next((found for part in (whole, *numbers) if part and (found := proven_order(part, dataset))), None)
    return [_listing(path, content, proven) for path, content in zip(paths, contents, strict=True)]


def fetch_from(images: np.ndarray) -> Fetch:
    """Return the ``fetch`` function for an array (n, h, w[, c]) uint8."""

    def fetch(index: int, _: Decode = decode) -> tuple[bytes, np.ndarray]:
        image = np.array(images[index])
        gray = image.ndim == 2 or image.shape[-1] == 1
        return image.tobytes(), gray_to_rgb(image.reshape(image.shape[:2])) if gray else image

    return fetch


def mapped(file: IO[bytes], shape: tuple[int, ...]) -> np.ndarray:
    """Map a file to a uint8 array that is read from disk on access. The file may be closed."""
    file.flush()
    return np.memmap(file, np.uint8, "r", shape=shape)


def class_indices(names: Iterable[str]) -> dict[str, int]:
    """Return the class (0 to 6) of each distinct name. Raise ``UserError`` for an unknown name."""
    return {name: spec.load().class_index(name) for name in dict.fromkeys(names)}


def _contents(path: Path) -> dict[str, _Content]:
    require_utf8(path.name)
    try:
        with room_for(str(path)), open_archive(path) as archive:
            members = {name.removesuffix(".npy"): name for name in archive.namelist()}
            pairs = array_pairs(members)
            if not pairs:
                raise UserError(f"{path}: holds the arrays {first_few(sorted(members)) or 'none'}: {EXPECTED}")
            unused = sorted(members.keys() - {name for pair in pairs.values() for name in pair})
            listed = ", ".join(unused)
            notes = (f"arrays other than images and labels were skipped: {listed}",) if unused else ()
            return {split: _content(path, archive, members, pair, notes) for split, pair in pairs.items()}
    except UserError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything inside zipfile and NumPy
        raise UserError(f"{path}: not a readable .npz file ({one_line(error)})") from error


def _content(
    path: Path, archive: ZipFile, members: Mapping[str, str], pair: tuple[str, str], notes: tuple[str, ...]
) -> _Content:
    with archive.open(members[pair[0]]) as images_member, archive.open(members[pair[1]]) as labels_member:
        shape = _image_shape(path, images_member)
        labels = _labels(path, labels_member, shape[0])
        return _Content(_images(path, images_member, shape), labels, notes)


def _listing(path: Path, content: _Content, proven: tuple[LabelOrder, Choice] | None) -> Listing:
    images, labels, notes = content
    ids, order = tuple(map(str, range(len(images)))), None
    if labels.dtype.kind == "U":
        try:
            indices = class_indices(labels.tolist())
        except UserError as error:
            raise UserError(f"{path}: labels: {error}") from None
        classes = np.array([indices[name] for name in labels.tolist()], np.int64)
    else:
        known, order = proven or _protocols(path, labels)
        meanings = {number: spec.load().column_class(known.class_of(number)) for number in _counts(labels)}
        outside = {number: count for number, count in _counts(labels).items() if meanings[number] is None}
        listed = ", ".join(f"{count:,} {known.class_of(number)}" for number, count in outside.items())
        skipped = (f"images outside the seven classes were skipped: {listed}",) if outside else ()
        notes = (f"{ORDER}{order}", *skipped, *notes)
        classes = np.array([OUTSIDE if (found := meanings[int(n)]) is None else found for n in labels], np.int64)
    listing = Listing("npz", ids, classes, fetch_from(images), notes, order=order)
    return listing.take(np.flatnonzero(classes != OUTSIDE)) if OUTSIDE in classes else listing


def _counts(labels: np.ndarray) -> Counter[int]:
    return Counter(labels.tolist())


def _protocols(path: Path, labels: np.ndarray) -> tuple[LabelOrder, Choice]:
    order = spec.load().label_orders[PROTOCOL]
    last = len(order.classes) - 1
    outside = np.flatnonzero((labels < 0) | (labels > last))
    if len(outside):
        raise UserError(
            f"{path}: label {labels[outside[0]]} of image {outside[0]} is out of range: labels are 0 to {last}"
        )
    meanings = ", ".join(f"{number} {name}" for number, name in enumerate(order.classes))
    return order, Choice(f"alphabetical, as in the protocol: {meanings}", "the form of arrays")


def _image_shape(path: Path, member: IO[bytes]) -> tuple[int, ...]:
    shape, fortran_order, dtype = _header(path, member)
    if dtype != np.uint8:
        raise UserError(f"{path}: images are {dtype}: {EXPECTED}; values 0 to 255 can be cast with astype('uint8')")
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3)) or min(shape) < 0 or 0 in shape[1:]:
        raise UserError(f"{path}: images have shape {shape}: {EXPECTED}")
    if fortran_order:
        raise UserError(f"{path}: images are in Fortran order: save numpy.ascontiguousarray(images)")
    if shape[1] * shape[2] > MAX_PIXELS:
        raise UserError(
            f"{path}: images of {shape[2]}x{shape[1]} pixels exceed the limit of {MAX_PIXELS:,}: shrink them"
        )
    if shape[0] == 0:
        raise UserError(f"{path}: holds no images")
    if shape[0] > MOST_IMAGES:
        raise UserError(f"{path}: {shape[0]:,} images exceed the limit of {MOST_IMAGES:,}: give a part of them")
    size = math.prod(shape)
    if size > LARGEST_SET or (size > UNCHECKED and size > EXPANSION * os.stat(path).st_size):
        raise UserError(
            f"{path}: images of shape {shape} need {size:,} bytes: at most {LARGEST_SET:,}, and at most {EXPANSION} "
            "times the size of the file, are unpacked"
        )
    return shape


def _images(path: Path, member: IO[bytes], shape: tuple[int, ...]) -> np.ndarray:
    needed = math.prod(shape)
    with temporary_file(str(path)) as file:
        # One byte beyond the size in the header shows that it is wrong, without expanding the rest of the member.
        while file.tell() <= needed and (chunk := member.read(min(CHUNK, needed + 1 - file.tell()))):
            file.write(chunk)
        _require_bytes(path, "images", file.tell(), needed)
        return mapped(file, shape)


def _labels(path: Path, member: IO[bytes], images: int) -> np.ndarray:
    """Return the names (n,), or the numbers (n,) int64."""
    shape, fortran_order, dtype = _header(path, member)
    last = len(spec.load().classes) - 1
    if len(shape) not in (1, 2) or math.prod(shape[1:]) > MOST_CLASSES or 0 in shape[1:]:
        raise UserError(f"{path}: labels have shape {shape}: {EXPECTED}")
    if dtype.kind not in "iufbU":
        raise UserError(f"{path}: labels are {dtype}: expected integers 0 to {last} or class names{_unpickled(dtype)}")
    if dtype.itemsize > LONGEST_LABEL:
        raise UserError(f"{path}: labels are {dtype}, which is too long for class names")
    if shape[0] != images:
        raise UserError(f"{path}: {images} images but {shape[0]} labels: one label per image is needed")
    needed = math.prod(shape) * dtype.itemsize
    content = member.read(needed + 1)
    _require_bytes(path, "labels", len(content), needed)
    labels = np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C")
    if shape[1:] in ((), (1,)):
        labels = labels.reshape(-1)
        return labels if dtype.kind == "U" else _whole(path, labels)
    if dtype.kind == "U" or not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
        raise UserError(f"{path}: labels of shape {shape} are not one-hot: save one class for each image")
    return labels.argmax(axis=1).astype(np.int64)


def _unpickled(dtype: np.dtype) -> str:
    return "; objects are not unpickled: save labels.astype(str)" if dtype.kind == "O" else ""


def _whole(path: Path, labels: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        numbers = labels.astype(np.int64)
    if len(others := np.flatnonzero(numbers != labels)):
        raise UserError(f"{path}: label {labels[others[0]]} of image {others[0]} is not an integer")
    return numbers


def _header(path: Path, member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    # Later versions are for headers above 64 KiB, which no valid array has and which would be read into memory.
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise UserError(
            f"{path}: version {version[0]}.{version[1]} of the .npy format is not supported: save it with numpy.savez"
        )
    return np.lib.format.read_array_header_1_0(member)


def _require_bytes(path: Path, name: str, size: int, needed: int) -> None:
    if size != needed:
        amount = f"more than {needed:,}" if size > needed else f"{size:,}"
        raise UserError(f"{path}: {name} hold {amount} bytes, but their shape needs {needed:,}")
