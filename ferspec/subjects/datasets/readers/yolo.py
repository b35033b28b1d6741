"""Read labels of YOLO: a text file of boxes for each image, beside a list of the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.meanings import meanings_of
from ferspec.subjects.datasets.readers.orders import declared_order, named_dataset
from ferspec.subjects.datasets.readers.splits import Splits, by_split, split_of
from ferspec.subjects.datasets.readers.trees import Tree, fetch_files

IMAGES, BOXES, SUFFIX = "images", "labels", ".txt"
# a thousand faces, of a line each
LARGEST = 64 << 10
LONGEST_NUMBER = 4


def has_boxes(folders: Sequence[str]) -> bool:
    """Return whether these subfolders are those of images with boxes."""
    return {IMAGES, BOXES} <= set(map(str.lower, folders))


def read_yolo(tree: Tree, dataset: str | None = None) -> Splits:
    """List the images of folders ``images`` whose boxes are in ``labels``: one class for each image.

    The first number of a line is a class, in the order of ``data.yaml`` or ``classes.txt`` or a common one. Boxes are
    not applied. Images without a box, with boxes of several classes, and of expressions outside the seven classes are
    skipped and noted. The splits are folders above.

    Raise ``UserError`` with the line for a line that does not begin with a number.
    """
    levels = list(tree.levels())
    images = {
        _key(folder / name): folder / name for folder, _, names in levels for name in names if _is(IMAGES, folder)
    }
    numbers: dict[PurePosixPath, str] = {}
    skipped: Counter[str] = Counter()
    for folder, _, names in levels:
        for name in names if _is(BOXES, folder) else ():
            if not name.lower().endswith(SUFFIX) or (image := images.get(_key(folder / name))) is None:
                continue
            found = _classes(tree, folder / name)
            if len(found) == 1:
                numbers[image] = found.pop()
            else:
                skipped["without a box" if not found else "with boxes of several classes"] += 1
    skipped["without labels"] = len(images) - len(numbers) - skipped.total()
    if not numbers:
        raise UserError(f"{tree.place}: the folders {IMAGES} and {BOXES} hold no image with a box")
    counts = Counter(numbers.values())
    orders = (declared_order(tree, folder, names, map(int, counts)) for folder, _, names in levels)
    declared = next((order for order in orders if order is not None), None)
    folders = {part for image in numbers for part in image.parts[:-1]}
    dataset = dataset or named_dataset(tree.place, folders, (image.name for image in numbers))
    classes, order, notes = meanings_of(tree.place, counts, dataset, declared)
    kept = [image for image in sorted(numbers) if numbers[image] in classes]
    left_out = (f"images {reason} were skipped: {count:,}" for reason, count in skipped.items() if count)
    ids = tuple(map(str, kept))
    labels = np.array([classes[numbers[image]] for image in kept], np.int64)
    notes = (*notes, "boxes are not applied", *left_out)
    listing = Listing("yolo boxes", ids, labels, fetch_files(tree, kept, ids), notes, order=order)
    return Splits(tree.place, by_split(listing, [split_of(image.parent) for image in kept]))


def _is(name: str, folder: PurePosixPath) -> bool:
    return name in map(str.lower, folder.parts)


def _key(path: PurePosixPath) -> tuple[str, ...]:
    """Return what an image and its boxes have in common: all folders but ``images`` and ``labels``, and the stem."""
    return (*(part for part in path.parts[:-1] if part.lower() not in (IMAGES, BOXES)), path.stem)


def _classes(tree: Tree, path: PurePosixPath) -> set[str]:
    found = set()
    for line, text in enumerate(tree.read(path, LARGEST, "a list of boxes").decode("utf-8", "replace").splitlines(), 1):
        number = text.split(maxsplit=1)[:1]
        if number and not (number[0].isascii() and number[0].isdecimal() and len(number[0]) <= LONGEST_NUMBER):
            raise UserError(
                f"{tree.place / path}, line {line}: {text[:40]!r} does not begin with the number of a class"
            )
        found.update(number)
    return found
