"""Read AffectNet as distributed: tables of the manual annotations, or one file per annotation."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError, one_line
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.readers.listing import Form, Listing
from ferspec.subjects.datasets.readers.rows import read_rows
from ferspec.subjects.datasets.readers.splits import Splits, split_of
from ferspec.subjects.datasets.readers.trees import Tree, fetch_files
from ferspec.subjects.disk import require_utf8

TABLES = ("training.csv", "validation.csv")
TABLE_IMAGES = "Manually_Annotated_Images"
IMAGES, ANNOTATIONS = "images", "annotations"
EXPRESSION = "_exp.npy"
LARGEST_ANNOTATION = 4096
FILE, LABEL = "subDirectory_filePath", "expression"
COLUMNS = f"AffectNet's tables have the columns {FILE}, face_x, …, {LABEL}, valence, arousal"


def read_affectnet_tables(tree: Tree, tables: Sequence[PurePosixPath]) -> Splits:
    """List the images of ``training.csv`` and ``validation.csv`` in ``Manually_Annotated_Images``.

    ``expression`` is AffectNet's label. Images of other expressions than the seven classes, and repeated rows, are
    skipped and counted in the notes. Ids are the sorted paths of the tables. The face boxes of the tables are not
    applied.

    Raise ``UserError`` with the line for an invalid expression, a path outside the folder, or an image with two
    labels.
    """
    folders = [parent / name for parent, names, _ in tree.levels() for name in names if _holds_images(name)]
    if not folders:
        raise UserError(
            f"{tree.place}: holds {tables[0].name}, but no folder {TABLE_IMAGES}: unpack AffectNet's images in this "
            "folder"
        )
    images = max(folders, key=lambda folder: len(folder.parts))
    return Splits(tree.place, {table.stem: _read_table(tree, table, images) for table in tables})


def read_affectnet_annotations(tree: Tree, parts: Sequence[PurePosixPath]) -> Splits:
    """List the images of the folders ``parts`` (``train_set``, ``val_set``) with one file per annotation.

    ``images/N.jpg`` has ``annotations/N_exp.npy``, which holds AffectNet's label as a number or as text. Images of
    other expressions than the seven classes, or without an annotation, are skipped and counted in the notes. Ids are
    paths below the tree. Nothing is unpickled.

    Raise ``UserError`` with the file for an invalid annotation.
    """
    names: dict[str, list[PurePosixPath]] = {}
    for part in parts:
        names.setdefault(split_of(part), []).append(part)
    return Splits(tree.place, {name: _read_annotations(tree, folders) for name, folders in names.items()})


def is_annotated(folders: Sequence[str]) -> bool:
    """Return whether these subfolders are those of an AffectNet split with one file per annotation."""
    return {IMAGES, ANNOTATIONS} <= set(folders)


def _holds_images(name: str) -> bool:
    return plain_name(name) == plain_name(TABLE_IMAGES)


def _read_table(tree: Tree, path: PurePosixPath, images: PurePosixPath) -> Listing:
    table = tree.place / path
    labels: dict[str, int | str] = {}
    repeated = 0
    for _, line, row in read_rows(tree, path, (FILE, LABEL), COLUMNS):
        name = row[FILE.lower()]
        image = PurePosixPath(name)
        if not image.name or image.is_absolute() or ".." in image.parts or "\\" in name:
            raise UserError(f"{table}, line {line}: {name!r} is not a path below {TABLE_IMAGES}")
        require_utf8(name)
        try:
            label = _class_or_name(row[LABEL])
        except ValueError:
            raise UserError(f"{table}, line {line}: expression {row[LABEL]!r} is not an integer") from None
        except UserError as error:
            raise UserError(f"{table}, line {line}: {error}") from None
        if labels.get(name, label) != label:
            raise UserError(f"{table}, line {line}: {name} has another expression in an earlier line")
        repeated += name in labels
        labels[name] = label
    notes = (f"rows of {table.name} that repeat an image were skipped: {repeated:,}",) if repeated else ()
    labels = dict(sorted(labels.items()))
    paths = [images / name for name in labels]
    tree.require_inside(paths)
    return _listing("affectnet csv", tree, str(table), labels, paths, notes)


def _read_annotations(tree: Tree, parts: Sequence[PurePosixPath]) -> Listing:
    files = {folder: names for folder, _, names in tree.levels()}
    labels: dict[str, int | str] = {}
    unannotated = 0
    for part in parts:
        names = (PurePosixPath(name) for name in files.get(part / IMAGES, []))
        images = {name.stem: name.name for name in names}
        annotated = set()
        # by length and name, which sorts numbers by value
        for name in sorted(files.get(part / ANNOTATIONS, []), key=lambda name: (len(name), name)):
            if name.endswith(EXPRESSION):
                stem = name.removesuffix(EXPRESSION)
                annotated.add(stem)
                # a missing image is reported when it is read
                image = part / IMAGES / images.get(stem, f"{stem}.jpg")
                labels[str(image)] = _annotation(tree, part / ANNOTATIONS / name)
        unannotated += len(images.keys() - annotated)
    notes = (f"images without an annotation were skipped: {unannotated:,}",) if unannotated else ()
    source = " and ".join(str(tree.place / part) for part in parts)
    paths = [PurePosixPath(name) for name in labels]
    tree.require_inside(paths)
    return _listing("affectnet npy", tree, source, labels, paths, notes)


def _annotation(tree: Tree, path: PurePosixPath) -> int | str:
    require_utf8(path.name)
    content = tree.read(path, LARGEST_ANNOTATION, "an annotation")
    try:
        return _annotated(content)
    except UserError as error:
        raise UserError(f"{tree.place / path}: {error}") from None
    except Exception as error:  # a damaged or hostile file can raise anything inside NumPy
        raise UserError(f"{tree.place / path}: not a label of AffectNet ({one_line(error)})") from error


@cache  # hundreds of thousands of files have only a few different contents
def _annotated(content: bytes) -> int | str:
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.size != 1 or array.dtype.kind not in "iuU":
        raise ValueError(f"{array.dtype} of shape {array.shape} instead of one number")
    return _class_or_name(str(array.item()))


def _class_or_name(label: str) -> int | str:
    """Return the class, 0 to 6, of AffectNet's label, or the name of another expression."""
    known = spec.load()
    order = known.label_orders["AffectNet"]
    others = known.texts("FER-D-04", "no_expression")
    name = order.model_copy(update={"classes": order.classes + others}).class_of(int(label))
    return known.class_index(name) if name in known.classes else name


def _listing(
    form: Form,
    tree: Tree,
    source: str,
    labels: dict[str, int | str],
    paths: list[PurePosixPath],
    notes: tuple[str, ...],
) -> Listing:
    skipped = Counter(label for label in labels.values() if isinstance(label, str))
    chosen = [
        (id, label, path) for (id, label), path in zip(labels.items(), paths, strict=True) if label not in skipped
    ]
    if not chosen:
        raise UserError(f"{source}: holds no image of the seven classes")
    ids, classes, files = zip(*chosen, strict=True)
    if skipped:
        listed = ", ".join(f"{count:,} {name}" for name, count in sorted(skipped.items()))
        notes = (f"images outside the seven classes were skipped: {listed}", *notes)
    return Listing(form, ids, np.array(classes, np.int64), fetch_files(tree, files, ids), notes)
