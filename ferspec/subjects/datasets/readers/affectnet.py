"""AffectNet as it is handed out: annotation tables of the manually annotated part, or a file for each annotation."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.decode import SUFFIXES
from ferspec.subjects.datasets.readers.listing import Form, Listing, Published
from ferspec.subjects.datasets.readers.rows import read_rows
from ferspec.subjects.datasets.readers.tree import fetch_files, is_training, levels, part_of
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.models.base import one_line

TABLES = ("training.csv", "validation.csv")
TABLE_IMAGES = "Manually_Annotated_Images"
IMAGES, ANNOTATIONS = "images", "annotations"
EXPRESSION = "_exp.npy"
LARGEST_ANNOTATION = 4096
FILE, LABEL = "subDirectory_filePath", "expression"
COLUMNS = f"AffectNet's tables name {FILE}, face_x, …, {LABEL}, valence, arousal in their first line"


def read_affectnet_tables(root: Path, tables: tuple[Path, Path]) -> Published:
    """List the images of ``training.csv`` and ``validation.csv``, which lie below ``Manually_Annotated_Images``.

    ``expression`` is a label of AffectNet; what shows none of the seven classes is left out and counted in the notes.
    Ids are the paths that the tables give, in their order as text. A row that repeats an image is left out and noted.
    Images are taken whole: the face boxes of the tables are not applied.

    ``UserError`` names the line for an expression that is no label, a path that leads elsewhere, and an image with two
    labels.
    """
    folders = [root / here / name for here, names, _ in levels(root) for name in names if _holds_images(name)]
    if not folders:
        raise UserError(
            f"{root}: holds {tables[0].name}, but no folder {TABLE_IMAGES}: unpack AffectNet's images there"
        )
    images = max(folders, key=lambda folder: len(folder.parts))
    return Published(*(_read_table(table, images) for table in tables))


def read_affectnet_annotations(root: Path, parts: Sequence[PurePosixPath]) -> Published:
    """List the images of the folders ``parts`` (``train_set``, ``val_set``): ``images/N.jpg`` with
    ``annotations/N_exp.npy``, which holds a label of AffectNet as a number or as text.

    What shows none of the seven classes is left out and counted in the notes, as are images without annotation. Ids
    are paths below ``root``. Nothing is unpickled. All that is not the training part is held out.

    ``UserError`` names the file for an annotation that is no label, and says which part is missing.
    """
    training = [part for part in parts if (around := part_of(part)) is not None and is_training(around)]
    held_out = [part for part in parts if part not in training and part_of(part) is not None]
    if not training or not held_out:
        named = ", ".join(map(str, parts))
        raise UserError(f"{root}: annotations in {named}: AffectNet's parts train_set and val_set are expected")
    return Published(_read_annotations(root, training), _read_annotations(root, held_out))


def is_annotated(folders: Sequence[str]) -> bool:
    """Return whether a folder with these folders in it is a part of AffectNet in its form of a file an annotation."""
    return {IMAGES, ANNOTATIONS} <= set(folders)


def _holds_images(name: str) -> bool:
    return plain_name(name) == plain_name(TABLE_IMAGES)


def _read_table(table: Path, images: Path) -> Listing:
    labels: dict[str, int | str] = {}
    repeated = 0
    for _, line, row in read_rows(table, (FILE, LABEL), COLUMNS):
        name = row[FILE.lower()]
        where = PurePosixPath(name)
        if not where.name or where.is_absolute() or ".." in where.parts or "\\" in name:
            raise UserError(f"{table}, line {line}: {name!r} is no path below {TABLE_IMAGES}")
        require_utf8(name)
        try:
            label = _meaning(row[LABEL])
        except ValueError:
            raise UserError(f"{table}, line {line}: expression {row[LABEL]!r} is not a whole number") from None
        except UserError as error:
            raise UserError(f"{table}, line {line}: {error}") from None
        if labels.get(name, label) != label:
            raise UserError(f"{table}, line {line}: {name} has another expression in an earlier line")
        repeated += name in labels
        labels[name] = label
    notes = (f"rows of {table.name} that repeat an image were left out: {repeated:,}",) if repeated else ()
    labels = dict(sorted(labels.items()))
    return _listing("affectnet csv", str(table), labels, [images / name for name in labels], notes)


def _read_annotations(root: Path, parts: Sequence[PurePosixPath]) -> Listing:
    labels: dict[str, int | str] = {}
    bare = 0
    for part in parts:
        pictures = {path.stem: path.name for path in _files(root / part / IMAGES) if path.suffix.lower() in SUFFIXES}
        annotated = set()
        for path in _files(root / part / ANNOTATIONS):
            if path.name.endswith(EXPRESSION):
                stem = path.name.removesuffix(EXPRESSION)
                annotated.add(stem)
                # an annotation whose picture is missing is found when the picture is read
                labels[str(part / IMAGES / pictures.get(stem, f"{stem}.jpg"))] = _annotation(path)
        bare += len(pictures.keys() - annotated)
    notes = (f"images without an annotation were left out: {bare:,}",) if bare else ()
    source = " and ".join(str(root / part) for part in parts)
    return _listing("affectnet npy", source, labels, [root / name for name in labels], notes)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, numbered ones in the order of their numbers."""
    paths = (path for path in folder.iterdir() if not path.name.startswith("."))
    return iter(sorted(paths, key=lambda path: (len(path.name), path.name)))


def _annotation(path: Path) -> int | str:
    require_utf8(path.name)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_ANNOTATION + 1)
        return _annotated(content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # a damaged or hostile file can raise anything inside NumPy
        raise UserError(f"{path}: not a label of AffectNet ({one_line(error)})") from error


@cache  # of the hundreds of thousands of these files, few differ
def _annotated(content: bytes) -> int | str:
    if len(content) > LARGEST_ANNOTATION:
        raise ValueError(f"more than {LARGEST_ANNOTATION:,} bytes")
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.size != 1 or array.dtype.kind not in "iuU":
        raise ValueError(f"{array.dtype} of shape {array.shape} instead of one number")
    return _meaning(str(array.item()))


def _meaning(label: str) -> int | str:
    """Return the class that a label of AffectNet means, or what it is called where it is none of the seven."""
    known = spec.load()
    order = known.label_orders["AffectNet"]
    others = known.texts("FER-D-04", "no_expression")
    name = order.model_copy(update={"classes": order.classes + others}).class_of(int(label))
    return known.class_index(name) if name in known.classes else name


def _listing(
    form: Form, source: str, labels: dict[str, int | str], paths: list[Path], notes: tuple[str, ...]
) -> Listing:
    left_out = Counter(label for label in labels.values() if isinstance(label, str))
    chosen = [
        (id, label, path) for (id, label), path in zip(labels.items(), paths, strict=True) if label not in left_out
    ]
    if not chosen:
        raise UserError(f"{source}: holds no image of the seven classes")
    ids, places, files = zip(*chosen, strict=True)
    if left_out:
        listed = ", ".join(f"{count:,} {name}" for name, count in sorted(left_out.items()))
        notes = (f"images of none of the seven classes were left out: {listed}", *notes)
    return Listing(form, ids, np.array(places, np.int64), fetch_files(files, ids), notes)
