"""Find the arrays of images and labels in an .npz file by their names."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.subjects.datasets.forms import WORDS, table
from ferspec.subjects.datasets.readers.splits import WHOLE

IMAGES, LABELS = "images", "labels"


def array_pairs(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the arrays of images and of labels of each split, by its name.

    ``images`` and ``labels`` are those of a file without splits, whatever else it holds. Otherwise a name is a word for
    images or labels, such as ``x`` and ``y``, and the words of a split: ``x_train``, ``test_labels``. A split with two
    candidates for either is left out.
    """
    names = list(names)
    if {IMAGES, LABELS} <= set(names):
        return {WHOLE: (IMAGES, LABELS)}
    words = {kind: set(table().arrays[kind]) for kind in (IMAGES, LABELS)}
    found: dict[str, dict[str, list[str]]] = {}
    for name in names:
        parts = WORDS.findall(name)
        for kind, known in words.items():
            split = [part for part in parts if part.lower() not in known]
            if len(split) == len(parts) - 1:
                found.setdefault("_".join(split), {IMAGES: [], LABELS: []})[kind].append(name)
    pairs = {split: (*own[IMAGES], *own[LABELS]) for split, own in found.items() if all(map(_is_one, own.values()))}
    return {split: (pair[0], pair[1]) for split, pair in sorted(pairs.items())}


def _is_one(candidates: list[str]) -> bool:
    return len(candidates) == 1
