"""RAF-DB as it is handed out: a list of names and labels, and a folder of aligned faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.listing import Listing, Published
from ferspec.subjects.datasets.readers.tree import fetch_files, walk
from ferspec.subjects.disk import require_utf8

LISTS = ("list_patition_label.txt", "list_partition_label.txt")  # the first is how RAF-DB spells it
ALIGNED = "aligned"
PARTS = ("train", "test")


def read_rafdb(root: Path, listed: Path) -> Published:
    """List the aligned faces that ``listed`` names, a line each (``train_00001.jpg 5``), in the order of the names.

    Labels are RAF-DB's, 1 to 7; the face of ``train_00001.jpg`` is ``train_00001_aligned.jpg``, below a folder
    ``aligned`` of the same set: that of the nearest folder around the list, up to ``root``, that has one. Ids are the
    names of the list. A face that is listed and not there is found when it is read.

    ``UserError`` names the line for anything but a name and a label, a label out of range, a name of neither part, and
    a name that comes twice.
    """
    faces = _faces(root, listed)
    labels: dict[str, int] = {}
    for line, name, label in _lines(listed):
        if name in labels:
            raise UserError(f"{listed}, line {line}: {name} comes twice")
        labels[name] = label
    if not labels:
        raise UserError(f"{listed}: holds no images")
    unlisted = len(faces.keys() - {_aligned(name) for name in labels})
    notes = (f"aligned faces that are not in {listed.name} were left out: {unlisted:,}",) if unlisted else ()
    return Published(*(_part(part, labels, faces, listed, notes) for part in PARTS))


def _part(part: str, labels: dict[str, int], faces: dict[str, Path], listed: Path, notes: tuple[str, ...]) -> Listing:
    ids = tuple(sorted(name for name in labels if name.startswith(part)))
    if not ids:
        raise UserError(f"{listed}: no name begins with {part}_: half of RAF-DB is missing")
    paths = [faces.get(name := _aligned(id), listed.parent / ALIGNED / name) for id in ids]
    return Listing("raf-db list", ids, np.array([labels[id] for id in ids], np.int64), fetch_files(paths, ids), notes)


def _lines(listed: Path) -> Iterator[tuple[int, str, int]]:
    order = spec.load().label_orders["RAF-DB"]
    try:
        lines = listed.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{listed}: not a readable text file ({error})") from error
    for number, line in enumerate(lines, 1):
        match line.split():
            case []:
                continue
            case [name, label] if label.isascii() and label.isdecimal():
                if not name.startswith(tuple(f"{part}_" for part in PARTS)) or "/" in name or "\\" in name:
                    raise UserError(f"{listed}, line {number}: {name!r} is no name like train_00001.jpg")
                try:
                    yield number, name, spec.load().class_index(order.class_of(int(label)))
                except UserError as error:
                    raise UserError(f"{listed}, line {number}: {error}") from None
            case _:
                raise UserError(f"{listed}, line {number}: {line[:80]!r} is not a name and a label, as RAF-DB has them")


def _faces(root: Path, listed: Path) -> dict[str, Path]:
    """Return the files below the folders called ``aligned`` by their names."""
    for around in (folder for folder in listed.parents if folder.is_relative_to(root)):
        below = (around / path for path, is_folder in walk(around) if not is_folder and _in_aligned(path.parts[:-1]))
        faces = {path.name: path for path in below}
        if faces:
            return faces
    raise UserError(f"{root}: holds {listed.name}, but no folder {ALIGNED!r} of faces: unpack RAF-DB's {ALIGNED}.zip")


def _in_aligned(folders: tuple[str, ...]) -> bool:
    return ALIGNED in map(str.lower, folders)


def _aligned(name: str) -> str:
    require_utf8(name)
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}_{ALIGNED}{dot}{suffix}"
