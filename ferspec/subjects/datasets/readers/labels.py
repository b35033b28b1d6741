"""Read tables of image files: with a label each, or with votes for each class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.readers.fer2013 import read_pixel_tables
from ferspec.subjects.datasets.readers.listing import Listing, joined
from ferspec.subjects.datasets.readers.meanings import NUMBER, Meanings, declared_above, meanings_of
from ferspec.subjects.datasets.readers.names import naming_of
from ferspec.subjects.datasets.readers.orders import named_dataset
from ferspec.subjects.datasets.readers.rows import columns_of, read_rows
from ferspec.subjects.datasets.readers.splits import UNMARKED, Splits, by_split, role_of, split_of, split_of_file
from ferspec.subjects.datasets.readers.trees import Tree, fetch_files, walk
from ferspec.subjects.examples import first_few

HINT = "expected a column for the file of the image, and one for its label"
# FERPlus drops single votes
FEWEST_VOTES = 2
# each unknown name is compared with every known one
MOST_COLUMNS = 200
MOST_VOTES = 10_000
UNKNOWN = -1


class Columns(NamedTuple):
    """The columns of a table of labels; ``classes`` are those of votes, where there is no ``label``.

    ``names`` may hold the names of numbers in ``label``.
    """

    file: str
    label: str | None
    split: str | None
    classes: tuple[str, ...]
    names: tuple[str, ...] = ()


class Row(NamedTuple):
    """A row: its line and number, the name of its image, and its label, which is empty where there is none."""

    line: int
    number: int
    name: str
    label: str
    split: str


def label_columns(names: Sequence[str]) -> Columns | None:
    """Return the columns of a table of labels by their lower-case names; None for another."""
    if len(names) > MOST_COLUMNS:
        return None
    found = {kind: next((name for name in words if name in names), None) for kind, words in table().columns.items()}
    classes = tuple(name for name in names if name not in found.values() and _class_or_none(name) is not UNKNOWN)
    # columns for fewer classes may be a coincidence
    if found["file"] is None or (found["label"] is None and len(classes) < len(spec.load().classes)):
        return None
    others = tuple(name for name in table().columns["label"] if name in names and name != found["label"])
    return Columns(found["file"], found["label"], found["split"], () if found["label"] else classes, others)


def read_labels(tree: Tree, paths: Sequence[PurePosixPath], dataset: str | None = None) -> Splits:
    """List the images that tables name, with their labels: class names, or numbers as ``decide_order`` reads them.

    A file is found by the longest common end of its path. The split is that of a column, else that of the table's name
    or folder, or of the image's folder. Expressions outside the seven classes, and votes without a majority, are
    skipped and noted. A missing image is reported when it is read.

    Raise ``UserError``, with the line, for an unknown label, an image with two labels, or a name that fits several
    files, and for tables of which no image exists.
    """
    index = _index(tree)
    rows = {path: list(read_label_rows(tree, path)) for path in paths}
    labels, order, notes = _meanings(tree, rows, dataset)
    images: dict[PurePosixPath, tuple[int, str]] = {}
    texts: dict[PurePosixPath, str] = {}
    repeated = missing = nameless = 0
    for table_path, row in ((path, row) for path in paths for row in rows[path]):
        label = labels.get(row.label)
        if label is None or not row.name:
            nameless += label is not None
            continue
        place = f"{tree.place / table_path}, line {row.line}"
        image = _find(index, table_path, row, place)
        missing += image not in index.get(image.name.lower(), ())
        split = row.split or split_of(image.parent)
        if images.get(image, (label, split))[0] != label:
            raise UserError(f"{place}: {row.name} has another label in an earlier row")
        repeated += image in images
        images[image] = label, split
        texts[image] = row.label
    if missing == len(images):
        first = next(iter(images))
        raise UserError(f"{tree.place / paths[0]}: none of its images exists below {tree.place} ({first.name}, …)")
    _require_folders(tree, paths[0], texts)
    if (naming := naming_of(image.name for image in images)) is not None:
        known = {image: spec.load().column_class(naming.expression_of(image.name)) for image in images}
        if others := sorted(image for image, (label, _) in images.items() if label != known[image]):
            notes = (*notes, f"labels are not those that {naming.title}'s names say: {len(others):,} ({others[0]})")
    if nameless:
        notes = (*notes, f"rows that do not name an image were skipped: {nameless:,}")
    if repeated:
        notes = (*notes, f"rows that repeat an image were skipped: {repeated:,}")
    places = sorted(images)
    ids = tuple(map(str, places))
    classes = np.array([images[place][0] for place in places], np.int64)
    listing = Listing("labels table", ids, classes, fetch_files(tree, places, ids), notes, order=order)
    return Splits(tree.place, by_split(listing, [images[place][1] for place in places]))


def read_votes_on_pixels(tree: Tree, votes: PurePosixPath, pixels: Sequence[PurePosixPath]) -> Splits:
    """List the images of FER2013's table with the majority of FERPlus' votes, row by row.

    Raise ``UserError`` for tables of different lengths.
    """
    images = joined(read_pixel_tables(tree, pixels).parts.values())
    rows = list(read_label_rows(tree, votes))
    if len(rows) != len(images):
        raise UserError(f"{tree.place / votes}: {len(rows):,} rows of votes for {len(images):,} images")
    places = {id: index for index, id in enumerate(images.ids)}
    labels, _, notes = _meanings(tree, {votes: rows}, None)
    kept = [(row, label) for row in rows if (label := labels.get(row.label)) is not None]
    listing = images.take([places[str(row.number)] for row, _ in kept])
    listing = replace(
        listing, form="ferplus votes", labels=np.array([label for _, label in kept], np.int64), notes=notes
    )
    return Splits(tree.place / votes, by_split(listing, [row.split for row, _ in kept]))


def read_label_rows(tree: Tree, path: PurePosixPath) -> Iterator[Row]:
    """Yield the rows of a table of labels; of votes, the majority as in FERPlus, or no label without one."""
    columns = label_columns(columns_of(tree, path))
    if columns is None:
        raise UserError(f"{tree.place / path}: {HINT}")
    by_name = split_of_file(path)
    names = next((name for name in columns.names if _names_classes(tree, path, name)), None)
    for number, line, cells in read_rows(tree, path, (), HINT):
        split = cells[columns.split] or UNMARKED if columns.split else by_name
        place = f"{tree.place / path}, line {line}"
        label = (
            cells[columns.label] if columns.label else _majority(place, {name: cells[name] for name in columns.classes})
        )
        if names and NUMBER.fullmatch(label):
            label = cells[names]
        yield Row(line, number, cells[columns.file], label, split)


def _names_classes(tree: Tree, path: PurePosixPath, column: str) -> bool:
    """Return whether a column holds nothing but names of classes, and of expressions outside them."""
    found = {cells[column] for _, _, cells in read_rows(tree, path, (), HINT)}
    classes = {_class_or_none(name) for name in found} if len(found) <= MOST_COLUMNS else {UNKNOWN}
    return UNKNOWN not in classes and classes != {None}


def _class_or_none(name: str) -> int | None:
    """Return the class of a name; None outside the seven, ``UNKNOWN`` for any other word."""
    try:
        return spec.load().column_class(name)
    except UserError:
        return UNKNOWN


def _majority(place: str, cells: Mapping[str, str]) -> str:
    """Return the class with more than half of the votes; FERPlus drops single ones."""
    votes = {}
    for name, text in cells.items():
        match = NUMBER.fullmatch(text)
        if match is None or int(match[1]) > MOST_VOTES:
            raise UserError(f"{place}: {text[:20]!r} is not a number of votes for {name}")
        votes[name] = int(match[1])
    if sum(votes.values()) > 1:
        votes = {name: count if count >= FEWEST_VOTES else 0 for name, count in votes.items()}
    name = max(votes, key=lambda name: votes[name])
    return name if 2 * votes[name] > sum(votes.values()) else ""


def _index(tree: Tree) -> dict[str, list[PurePosixPath]]:
    """Return the paths of all files by their lower-case names, with and without suffix."""
    index = defaultdict(list)
    for path, is_folder in walk(tree):
        if not is_folder:
            for name in {path.name.lower(), path.stem.lower()}:
                index[name].append(path)
    return dict(index)


def _require_folders(tree: Tree, table: PurePosixPath, labels: Mapping[PurePosixPath, str]) -> None:
    """Raise ``UserError`` if most images, and not all, are in the folder of their number."""
    others = [image for image, label in labels.items() if image.parent.name.lstrip("0") != label.lstrip("0")]
    numbered = all(image.parent.name.isdecimal() for image in others)
    if others and numbered and 2 * len(others) < len(labels):
        raise UserError(
            f"{tree.place / table}: {len(others):,} images have another number than their folder, such as {others[0]}: "
            "correct the table, or remove it to use the folders"
        )


def _find(index: Mapping[str, Sequence[PurePosixPath]], source: PurePosixPath, row: Row, place: str) -> PurePosixPath:
    """Return the file that a row means: the one with the longest common end, if need be in the folder of its split."""
    name = row.name
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if not parts:
        raise UserError(f"{place}: the name of the image is missing")
    candidates = [path for path in index.get(parts[-1].lower(), ()) if path != source]
    if not candidates:
        return source.parent / parts[-1]
    beside = source.parent.joinpath(*parts)
    if beside in candidates:
        return beside
    lengths = [_common_end(path.parts, parts) for path in candidates]
    best = [path for path, length in zip(candidates, lengths, strict=True) if length == max(lengths)]
    if len(best) > 1 and (role := role_of(row.split)):
        best = [path for path in best if role_of(split_of(path.parent)) == role] or best
    if len(best) > 1:
        raise UserError(f"{place}: {name} fits several files: {first_few(best)}: write its folder too")
    return best[0]


def _common_end(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (first, second) in enumerate(pairs) if first != second), min(len(one), len(other)))


def _meanings(tree: Tree, rows: Mapping[PurePosixPath, Sequence[Row]], dataset: str | None) -> Meanings:
    path = next(iter(rows))
    counts = Counter(row.label for part in rows.values() for row in part)
    names = (PurePosixPath(row.name.replace("\\", "/")).name for part in rows.values() for row in part)
    dataset = dataset or named_dataset(tree.place, path.parts, names)

    def where(label: str) -> str:
        path, line = next((path, row.line) for path, part in rows.items() for row in part if row.label == label)
        return f"{tree.place / path}, line {line}"

    return meanings_of(tree.place / path, counts, dataset, declared_above(tree, path, counts), where)
