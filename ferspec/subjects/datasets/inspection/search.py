"""Search copies within a set and in other sets: equal pixels first, then changed pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ferspec.progress import Progress, silent
from ferspec.subjects.datasets.copies.search import Copy, find_copies
from ferspec.subjects.datasets.inspection.reading import InspectedSet
from ferspec.subjects.datasets.inspection.twins import Twin, distinct, exact_twins

STEP = "searching copies"
# pictures that are searched for at once: each needs at most 200 KB
AT_ONCE = 2100

Twins = tuple[Twin, ...]


def twins_within(images: InspectedSet, progress: Progress = silent, changed: bool = True) -> Twins:
    """Return the pairs of images of a set that show one picture; equal pixels first.

    Without ``changed`` only equal pixels are found, at once.
    """
    digests = _digests(images)
    if not changed:
        return (*exact_twins(digests),)
    chosen = _Chosen(images, distinct(digests))
    found = [
        Twin(chosen.place(first), chosen.place(second), "changed", similarity, overlap)
        for first, second, similarity, overlap in _within(chosen, progress)
    ]
    return (*exact_twins(digests), *sorted(found, key=lambda twin: (twin.first, twin.second)))


def twins_between(
    images: InspectedSet, other: InspectedSet, progress: Progress = silent, changed: bool = True
) -> Twins:
    """Return the pairs of images of two sets that show one picture; equal pixels first.

    A picture that the other set holds with the same pixels is not searched for among its changed copies. Without
    ``changed`` only equal pixels are found, at once.
    """
    ours, theirs = _digests(images), _digests(other)
    if not changed:
        return (*exact_twins(ours, theirs),)
    mine = _Chosen(images, distinct(ours, set(theirs)))
    others = _Chosen(other, distinct(theirs))
    found = [
        Twin(mine.place(first), others.place(second), "changed", similarity, overlap)
        for first, second, similarity, overlap in _between(mine, others, progress)
    ]
    return (*exact_twins(ours, theirs), *sorted(found, key=lambda twin: (twin.first, twin.second)))


class _Chosen:
    """Some images of a set, by number."""

    def __init__(self, images: InspectedSet, places: np.ndarray) -> None:
        self._small, self._places = images.small, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._small.get(self.place(index))

    def place(self, index: int) -> int:
        """Return the place of an image in its set."""
        return int(self._places[index])


class _Part:
    """The images of a range."""

    def __init__(self, images: _Chosen, start: int, stop: int) -> None:
        self._images, self._start, self._stop = images, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, index: int) -> np.ndarray:
        return self._images[self._start + index]


Found = tuple[int, int, float, float]


def _within(images: _Chosen, progress: Progress) -> Iterator[Found]:
    """Yield copies within images: in each part, and between it and all that follow."""
    total = len(images)
    for start in range(0, total, AT_ONCE):
        stop = min(total, start + AT_ONCE)
        part = _Part(images, start, stop)
        yield from _moved(find_copies(part, None), start, start)
        if stop < total:
            yield from _moved(find_copies(part, _Part(images, stop, total)), start, stop)
        progress(STEP, stop, total)


def _between(images: _Chosen, others: _Chosen, progress: Progress) -> Iterator[Found]:
    """Yield copies between two sets, the parts of the smaller one after the other."""
    if not len(images) or not len(others):
        return
    if len(others) < len(images):
        for first, second, similarity, overlap in _between(others, images, progress):
            yield second, first, similarity, overlap
        return
    parts = range(0, len(images), AT_ONCE)
    for number, start in enumerate(parts):
        part = _Part(images, start, min(len(images), start + AT_ONCE))

        def scanned(done: int, total: int, before: int = number) -> None:
            progress(STEP, before * total + done, len(parts) * total)

        yield from _moved(find_copies(part, others, scanned), start, 0)


def _moved(copies: tuple[Copy, ...], first: int, second: int) -> Iterator[Found]:
    for copy in copies:
        yield copy.first + first, copy.second + second, copy.similarity, copy.overlap


def _digests(images: InspectedSet) -> list[str]:
    return [entry.pixels_sha256 for entry in images.entries]
