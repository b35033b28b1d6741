"""Read tables of labels, grey values and splits: FER2013's, and CK+'s in that form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import LabelOrder
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.readers.arrays import fetch_from, mapped
from ferspec.subjects.datasets.readers.listing import Form, Listing
from ferspec.subjects.datasets.readers.meanings import NUMBER
from ferspec.subjects.datasets.readers.rows import columns_of, read_rows
from ferspec.subjects.datasets.readers.splits import UNMARKED, WHOLE, Splits, by_split, role_of
from ferspec.subjects.datasets.readers.trees import Folder, Tree
from ferspec.subjects.disk import require_utf8, room_for, temporary_file

LONGEST_LABEL = 20
CK_TABLE, CK_ORDER = "ckextended.csv", "ckextended.csv's own"
LABEL, PIXELS = "emotion", "pixels"
COLUMNS = (
    "FER2013's columns are emotion, pixels and Usage; a table of image files has one for the file and one for the label"
)
UNLABELLED = (
    "has pixels but no labels, as the competition published its test images: use icml_face_data.csv or fer2013.csv, "
    "which has all labels"
)
# of two copies of all rows, the first is FER2013's own
PREFERRED = ("fer2013.csv", "icml_face_data.csv")


def read_fer2013(path: Path) -> Listing:
    """List the images of one table to evaluate, as ``Splits.chosen`` does."""
    return read_pixel_tables(Folder(path.parent), [PurePosixPath(path.name)]).chosen()


def form_of(path: PurePosixPath) -> Form:
    """Return whose table of pixels this is, by its name."""
    return "ck+ csv" if path.name.lower() == CK_TABLE else "fer2013 csv"


def read_pixel_tables(tree: Tree, paths: Sequence[PurePosixPath]) -> Splits:
    """List the images of tables with the columns ``emotion`` (FER2013's labels), ``pixels`` and optionally ``Usage``.

    The splits are those of ``Usage``, else those that the tables are named for. Ids are row numbers from 0, after the
    table's name if there are several. Memory use does not depend on the number of images.

    Raise ``UserError`` for tables that repeat each other, and with the line for a missing column, a label out of range,
    or pixels that are not 2,304 integers from 0 to 255.
    """
    known = {path: columns_of(tree, path) for path in paths}
    labelled = [path for path in paths if LABEL in known[path]] or list(paths)
    preferred = [path for name in PREFERRED for path in labelled if path.name.lower() == name]
    chosen = [path for path in preferred if path.name.lower() == preferred[0].name.lower()] or labelled
    parts: dict[str, Listing] = {}
    for path in chosen:
        require_utf8(path.name)
        prefix = f"{path.stem}/" if len(chosen) > 1 else ""
        for name, listing in _read(tree, path, prefix).items():
            if name in parts or (parts and WHOLE in (name, *parts)):
                raise UserError(f"{tree.place / path}: {tree.place / chosen[0]} exists too: keep one of them")
            parts[name] = listing
    unlabelled = [path.name for path in paths if path not in labelled]
    if unlabelled and {role_of(name) for name in parts} == {"training"}:
        raise UserError(f"{tree.place}: {', '.join(unlabelled)} {UNLABELLED}")
    return Splits(tree.place / chosen[0] if len(chosen) == 1 else tree.place, parts)


def _read(tree: Tree, path: PurePosixPath, prefix: str) -> Mapping[str, Listing]:
    name = tree.place / path
    split = next((column for column in table().columns["split"] if column in columns_of(tree, path)), "")
    form, order = form_of(path), _order(path)
    ids, labels, usages, outside = [], [], [], 0
    with room_for(str(name)), temporary_file(str(name)) as file:
        for number, line, row in read_rows(tree, path, (LABEL, PIXELS), COLUMNS):
            label = _label(name, line, row[LABEL], order)
            if label is None:
                outside += 1
                continue
            ids.append(f"{prefix}{number}")
            labels.append(label)
            usages.append(row.get(split, ""))
            file.write(gray_values(f"{name}, line {line}", row[PIXELS]))
        if not ids:
            raise UserError(f"{name}: holds no images")
        images = mapped(file, (len(ids), *_size()))
    notes = (f"images outside the seven classes were skipped: {outside:,} Contempt",) if outside else ()
    listing = Listing(form, tuple(ids), np.array(labels, np.int64), fetch_from(images), notes)
    if not any(usages):
        return {path.stem if role_of(path.stem) else WHOLE: listing}
    return by_split(listing, (usage or UNMARKED for usage in usages))


def _size() -> tuple[int, int]:
    return spec.load().datasets["FER2013"].size


def _order(path: PurePosixPath) -> LabelOrder:
    own = (order.labels() for order in table().order if order.name == CK_ORDER)
    return next(own) if form_of(path) == "ck+ csv" else spec.load().label_orders["FER2013"]


def _label(path: Path, line: int, emotion: str, order: LabelOrder) -> int | None:
    """Return the class of an emotion, by number or by name; None for CK+'s Contempt."""
    if len(emotion) > LONGEST_LABEL:
        raise UserError(f"{path}, line {line}: emotion {emotion[:LONGEST_LABEL]}… is not a label of FER2013")
    try:
        number = NUMBER.fullmatch(emotion)
        name = order.class_of(int(number[1])) if number else emotion
        return spec.load().column_class(name) if number else spec.load().class_index(name)
    except UserError as error:
        raise UserError(f"{path}, line {line}: {error}") from None


def gray_values(place: str, text: str) -> bytes:
    """Return the grey values of a text of 2,304 integers; ``UserError`` after ``place`` for another."""
    height, width = _size()
    values = text.strip("[]").replace(",", " ").split()
    if len(values) != height * width:
        raise UserError(f"{place}: {len(values):,} pixels instead of {height * width:,} ({height} x {width})")
    try:
        return bytes(map(int, values))
    except ValueError:
        raise UserError(f"{place}: pixels must be integers from 0 to 255") from None
