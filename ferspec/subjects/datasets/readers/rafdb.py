"""Read RAF-DB as distributed: a list of labels and a folder of aligned faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import read_text
from ferspec.subjects.datasets.readers.listing import Listing, PublishedDataset
from ferspec.subjects.datasets.readers.tree import fetch_files, walk
from ferspec.subjects.disk import require_utf8

LISTS = ("list_patition_label.txt", "list_partition_label.txt")  # the first is RAF-DB's own spelling
ALIGNED = "aligned"
SPLITS = ("train", "test")
# 100 times the list of its 15,339 faces
LARGEST = 32 << 20
LONGEST_LABEL = 10


def read_rafdb(root: Path, listing_path: Path) -> PublishedDataset:
    """List the aligned faces in RAF-DB's list (lines such as ``train_00001.jpg 5``), sorted by name.

    Labels are RAF-DB's, 1 to 7, and ids are the names in the list. The face of ``train_00001.jpg`` is
    ``train_00001_aligned.jpg`` in a folder ``aligned``, searched in the folder of the list and its parents up to
    ``root``. A missing face is reported when it is read.

    Raise ``UserError`` with the line for an invalid line, a label out of range, an unknown split, or a repeated name.
    """
    faces = _faces(root, listing_path)
    labels: dict[str, int] = {}
    for line, name, label in _lines(listing_path):
        if name in labels:
            raise UserError(f"{listing_path}, line {line}: {name} occurs twice")
        labels[name] = label
    if not labels:
        raise UserError(f"{listing_path}: holds no images")
    unlisted = len(faces.keys() - {_aligned(name) for name in labels})
    notes = (f"aligned faces that are not in {listing_path.name} were skipped: {unlisted:,}",) if unlisted else ()
    return PublishedDataset(*(_part(part, labels, faces, listing_path, notes) for part in SPLITS))


def _part(
    part: str, labels: dict[str, int], faces: dict[str, Path], listing_path: Path, notes: tuple[str, ...]
) -> Listing:
    ids = tuple(sorted(name for name in labels if name.startswith(part)))
    if not ids:
        raise UserError(f"{listing_path}: no name begins with {part}_: half of RAF-DB is missing")
    paths = [faces.get(name := _aligned(id), listing_path.parent / ALIGNED / name) for id in ids]
    return Listing("raf-db list", ids, np.array([labels[id] for id in ids], np.int64), fetch_files(paths, ids), notes)


def _lines(path: Path) -> Iterator[tuple[int, str, int]]:
    order = spec.load().label_orders["RAF-DB"]
    for number, line in enumerate(read_text(path, LARGEST, "a list of RAF-DB").splitlines(), 1):
        match line.split():
            case []:
                continue
            case [name, label] if label.isascii() and label.isdecimal() and len(label) < LONGEST_LABEL:
                if not name.startswith(tuple(f"{part}_" for part in SPLITS)) or "/" in name or "\\" in name:
                    raise UserError(f"{path}, line {number}: {name!r} is not a name like train_00001.jpg")
                try:
                    yield number, name, spec.load().class_index(order.class_of(int(label)))
                except UserError as error:
                    raise UserError(f"{path}, line {number}: {error}") from None
            case _:
                raise UserError(f"{path}, line {number}: {line[:80]!r} is not a name and a label, as in RAF-DB")


def _faces(root: Path, listing_path: Path) -> dict[str, Path]:
    """Return the paths of the files in folders named ``aligned``, by file name."""
    for folder in (parent for parent in listing_path.parents if parent.is_relative_to(root)):
        files = (folder / path for path, is_folder in walk(folder) if not is_folder and _in_aligned(path.parts[:-1]))
        faces = {path.name: path for path in files}
        if faces:
            return faces
    raise UserError(
        f"{root}: holds {listing_path.name}, but no folder {ALIGNED!r} of faces: unpack RAF-DB's {ALIGNED}.zip"
    )


def _in_aligned(folders: tuple[str, ...]) -> bool:
    return ALIGNED in map(str.lower, folders)


def _aligned(name: str) -> str:
    require_utf8(name)
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}_{ALIGNED}{dot}{suffix}"
