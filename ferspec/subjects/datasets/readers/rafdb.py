"""Read RAF-DB as distributed: a list of labels and a folder of aligned faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.splits import Splits
from ferspec.subjects.datasets.readers.trees import Tree, fetch_files, walk
from ferspec.subjects.disk import require_utf8

LISTS = ("list_patition_label.txt", "list_partition_label.txt")  # the first is RAF-DB's own spelling
ALIGNED = "aligned"
SPLITS = ("train", "test")
# 100 times the list of its 15,339 faces
LARGEST = 32 << 20
LONGEST_LABEL = 10


def read_rafdb(tree: Tree, path: PurePosixPath) -> Splits:
    """List the aligned faces in RAF-DB's list (lines such as ``train_00001.jpg 5``), sorted by name.

    Labels are RAF-DB's, 1 to 7, and ids are the names in the list. The face of ``train_00001.jpg`` is
    ``train_00001_aligned.jpg``, which a list may also name itself, in a folder ``aligned``, searched in the folder of
    the list and its parents. A missing face is reported when it is read.

    Raise ``UserError`` with the line for an invalid line, a label out of range, an unknown split, or a repeated name,
    and if none of the faces exists.
    """
    faces = _faces(tree, path)
    name = tree.place / path
    labels: dict[str, int] = {}
    for line, face, label in _lines(tree, path):
        if face in labels:
            raise UserError(f"{name}, line {line}: {face} occurs twice")
        labels[face] = label
    if not labels:
        raise UserError(f"{name}: holds no images")
    wanted = {face: _aligned(face) for face in labels}
    if not faces.keys() & wanted.values():
        first, other = next(iter(wanted.values())), next(iter(faces))
        raise UserError(f"{name}: no face of the list exists: {first} was searched; there are others, such as {other}")
    unlisted = len(faces.keys() - set(wanted.values()))
    notes = (f"aligned faces that are not in {path.name} were skipped: {unlisted:,}",) if unlisted else ()
    parts = {}
    for part in SPLITS:
        ids = tuple(sorted(face for face in labels if face.startswith(part)))
        if not ids:
            raise UserError(f"{name}: no name begins with {part}_: give RAF-DB's whole list")
        paths = [faces.get(wanted[id], path.parent / ALIGNED / wanted[id]) for id in ids]
        numbers = np.array([labels[id] for id in ids], np.int64)
        parts[part] = Listing("raf-db list", ids, numbers, fetch_files(tree, paths, ids), notes)
    return Splits(tree.place, parts)


def _lines(tree: Tree, path: PurePosixPath) -> Iterator[tuple[int, str, int]]:
    order = spec.load().label_orders["RAF-DB"]
    place = tree.place / path
    for number, line in enumerate(_text(tree, path).splitlines(), 1):
        match line.split():
            case []:
                continue
            case [name, label] if label.isascii() and label.isdecimal() and len(label) < LONGEST_LABEL:
                if not name.startswith(tuple(f"{part}_" for part in SPLITS)) or "/" in name or "\\" in name:
                    raise UserError(f"{place}, line {number}: {name!r} is not a name like train_00001.jpg")
                try:
                    yield number, name, spec.load().class_index(order.class_of(int(label)))
                except UserError as error:
                    raise UserError(f"{place}, line {number}: {error}") from None
            case _:
                raise UserError(f"{place}, line {number}: {line[:80]!r} is not a name and a label, as in RAF-DB")


def _text(tree: Tree, path: PurePosixPath) -> str:
    try:
        text = tree.read(path, LARGEST, "a list of RAF-DB").decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"{tree.place / path} is not text in UTF-8")
    return text


def _faces(tree: Tree, path: PurePosixPath) -> dict[str, PurePosixPath]:
    """Return the paths of the files in folders named ``aligned``, by file name; the nearest to the list count."""
    files = [file for file, is_folder in walk(tree) if not is_folder and _in_aligned(file.parts[:-1])]
    for folder in path.parents:
        if faces := {file.name: file for file in files if file.is_relative_to(folder)}:
            return faces
    raise UserError(
        f"{tree.place}: holds {path.name}, but no folder {ALIGNED!r} of faces: unpack RAF-DB's {ALIGNED}.zip"
    )


def _in_aligned(folders: tuple[str, ...]) -> bool:
    return ALIGNED in map(str.lower, folders)


def _aligned(name: str) -> str:
    require_utf8(name)
    stem, dot, suffix = name.rpartition(".")
    return name if stem.endswith(f"_{ALIGNED}") else f"{stem}_{ALIGNED}{dot}{suffix}"
