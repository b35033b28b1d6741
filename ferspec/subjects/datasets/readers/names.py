"""Read datasets whose file names say the expression, such as JAFFE's and KDEF's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.forms import NamedFiles, table
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.splits import WHOLE, Splits
from ferspec.subjects.datasets.readers.trees import Tree, fetch_files

# CK+ has a file with the number of the expression beside the last image of a sequence
CK_EMOTION = re.compile(r"(S\d{3}_\d{3}_\d{8})_emotion\.txt", re.IGNORECASE)
CK_IMAGE = re.compile(r"S\d{3}_\d{3}_\d{8}(\.\w+)?", re.IGNORECASE)
CK_ORDER = "CK+'s own"
LARGEST = 4096


def naming_of(names: Iterable[str]) -> NamedFiles | None:
    """Return the dataset that all these names of images are those of, or None."""
    listed = list(names)
    return next((known for known in table().named if listed and all(map(known.fits, listed))), None)


def is_named(name: str) -> bool:
    """Return whether a name is that of an image of one of these datasets."""
    return CK_IMAGE.fullmatch(name) is not None or any(known.fits(name) for known in table().named)


def read_named(tree: Tree, naming: NamedFiles, images: Sequence[PurePosixPath]) -> Splits:
    """List images by the codes in their names; expressions outside the seven classes are skipped and noted."""
    classes = {image: spec.load().column_class(naming.expression_of(image.name)) for image in sorted(images)}
    kept = {image: index for image, index in classes.items() if index is not None}
    if not kept:
        raise UserError(f"{tree.place}: holds no image of the seven classes")
    notes = [f"classes were read from the names of files, as in {naming.title}"]
    if outside := len(classes) - len(kept):
        notes.append(f"images outside the seven classes were skipped: {outside:,}")
    return _splits(tree, kept, notes)


def read_ck(tree: Tree, images: Sequence[PurePosixPath], emotions: Sequence[PurePosixPath]) -> Splits:
    """List the images of CK+ that have a file ``_emotion.txt``, the last of their sequences.

    Raise ``UserError`` for a file that does not hold a number of CK+.
    """
    (order,) = (order for order in table().order if order.name == CK_ORDER)
    by_stem = {image.stem: image for image in images}
    kept: dict[PurePosixPath, int] = {}
    outside = 0
    for path in emotions:
        match = CK_EMOTION.fullmatch(path.name)
        if match is None or (image := by_stem.get(match[1])) is None:
            continue
        try:
            number = float(tree.read(path, LARGEST, "a label of CK+"))
            name = order.labels().class_of(int(number) if number.is_integer() else -1)
        except (ValueError, UserError):
            raise UserError(f"{tree.place / path}: not the number of an expression, 0 to 7") from None
        index = spec.load().column_class(name)
        if index is None:
            outside += 1
        else:
            kept[image] = index
    if not kept:
        raise UserError(f"{tree.place}: none of the images of CK+ has its file _emotion.txt")
    unlabelled = len(images) - len(kept) - outside
    notes = [
        f"images of CK+ without a file _emotion.txt were skipped: {unlabelled:,}",
        f"images outside the seven classes were skipped: {outside:,} Contempt",
    ]
    return _splits(
        tree,
        dict(sorted(kept.items())),
        [note for note, count in zip(notes, (unlabelled, outside), strict=True) if count],
    )


def _splits(tree: Tree, kept: dict[PurePosixPath, int], notes: Sequence[str]) -> Splits:
    ids = tuple(map(str, kept))
    labels = np.array(list(kept.values()), np.int64)
    return Splits(
        tree.place, {WHOLE: Listing("file names", ids, labels, fetch_files(tree, list(kept), ids), tuple(notes))}
    )
