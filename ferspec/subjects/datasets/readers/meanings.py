"""Find the class of each label of a dataset: a name, or a number in some order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import LabelOrder
from ferspec.subjects.datasets.readers.listing import ORDER, Choice
from ferspec.subjects.datasets.readers.orders import decide_order, declared_order
from ferspec.subjects.datasets.readers.trees import Tree

LONGEST_NAME = 100
NUMBER = re.compile(r"(\d{1,4})(\.0*)?", re.ASCII)


class Meanings(NamedTuple):
    """The class of each label inside the seven, the order of numbers, and notes."""

    classes: dict[str, int]
    order: Choice | None
    notes: tuple[str, ...]


def meanings_of(
    place: Path,
    counts: Mapping[str, int],
    dataset: str | None = None,
    declared: LabelOrder | None = None,
    where: Callable[[str], object] | None = None,
) -> Meanings:
    """Return the meanings of labels that occur ``counts`` times; an empty one is that of an image without a label.

    Labels are class names, or all of them numbers, as ``decide_order`` reads them. Raise ``UserError`` for an unknown
    name, after the place that ``where`` gives for it, and if no label is one of the seven classes.
    """
    found = Counter({label: count for label, count in counts.items() if label})
    notes, order = [], None
    if found and all(NUMBER.fullmatch(label) for label in found):
        numbers = {label: int(label.partition(".")[0]) for label in found}
        by_number: Counter[int] = Counter()
        for label, number in numbers.items():
            by_number[number] += found[label]
        known, order = decide_order(place, by_number, dataset, declared)
        notes.append(f"{ORDER}{order}")
        classes = {label: spec.load().column_class(known.class_of(number)) for label, number in numbers.items()}
    else:
        classes = {label: _named(label, where(label) if where else place) for label in found}
    if unlabelled := counts.get(""):
        notes.append(f"images without a label, or without a majority, were skipped: {unlabelled:,}")
    if outside := [label for label, index in classes.items() if index is None]:
        listed = ", ".join(f"{found[label]:,} {label}" for label in sorted(outside))
        notes.append(f"images outside the seven classes were skipped: {listed}")
    inside = {label: index for label, index in classes.items() if index is not None}
    if not inside:
        raise UserError(f"{place}: holds no image of the seven classes")
    return Meanings(inside, order, tuple(notes))


def declared_above(tree: Tree, path: PurePosixPath, labels: Iterable[str]) -> LabelOrder | None:
    """Return the order that a file in a folder above ``path`` declares, or None.

    It is that of the numbers among ``labels``. Without any, no file is read.
    """
    numbers = [int(match[1]) for label in labels if (match := NUMBER.fullmatch(label))]
    for folder, _, names in tree.levels() if numbers else ():
        if folder in path.parents and (order := declared_order(tree, folder, names, numbers)) is not None:
            return order
        if folder == path.parent:
            break
    return None


def _named(label: str, place: object) -> int | None:
    if len(label) > LONGEST_NAME:
        raise UserError(f"{place}: {label[:LONGEST_NAME]}… is not a class")
    try:
        return spec.load().column_class(label)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
