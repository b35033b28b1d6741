"""Search copies within a set and in other sets: equal pixels first, then changed pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from ferspec.progress import Progress, silent, tell
from ferspec.subjects.datasets.copies.search import Copy, find_copies
from ferspec.subjects.datasets.inspection.reading import InspectedSet
from ferspec.subjects.datasets.inspection.twins import Twin, distinct, exact_twins

STEP = "searching copies"
# pictures that are searched for at once: each needs at most 200 KB
AT_ONCE = 2100
# the pairs of images up to which both directions are searched, which takes twice the time: FER2013's test images and
# its training images are 10^8
BOTH = 200_000_000
ONE_WAY = f"more than {BOTH:,} pairs are searched in one direction: of moved pictures, more are missed"

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
    """Yield copies within images: in each part, and between it and the others."""
    total = len(images)
    is_both = total * total // 2 <= BOTH
    if not is_both:
        tell(progress, [f"copies within {total:,} images: {ONE_WAY}"])
    found: list[Found] = []
    for start in range(0, total, AT_ONCE):
        stop = min(total, start + AT_ONCE)
        part = _Part(images, start, stop)
        found += _moved(find_copies(part, None), start, start)
        if stop < total:
            found += _moved(find_copies(part, _Part(images, stop, total)), start, stop)
        if start and is_both:
            found += _turned(_moved(find_copies(part, _Part(images, 0, start)), start, 0))
        progress(STEP, stop, total)
    return _settled(found)


def _between(images: _Chosen, others: _Chosen, progress: Progress) -> Iterator[Found]:
    """Yield copies between two sets, the parts of the smaller one after the other; then the other way round."""
    smaller, larger = (others, images) if len(others) < len(images) else (images, others)
    searches = [(smaller, larger)]
    if len(smaller) * len(larger) <= BOTH:
        # a moved picture is found less when it is searched for than when it is searched among others
        searches.append((larger, smaller))
    else:
        tell(progress, [f"copies between {len(images):,} and {len(others):,} images: {ONE_WAY}"])
    total = sum(-(-len(queries) // AT_ONCE) * len(second) for queries, second in searches)
    scanned, found = 0, list[Found]()
    for queries, second in searches:
        for start in range(0, len(queries), AT_ONCE):
            part = _Part(queries, start, min(len(queries), start + AT_ONCE))
            copies = _moved(find_copies(part, second, partial(_scanned, progress, scanned, total)), start, 0)
            found += copies if queries is images else _turned(copies)
            scanned += len(second)
    return _settled(found)


def _scanned(progress: Progress, before: int, total: int, done: int, _: int) -> None:
    progress(STEP, before + done, total)


def _moved(copies: tuple[Copy, ...], first: int, second: int) -> Iterator[Found]:
    for copy in copies:
        yield copy.first + first, copy.second + second, copy.similarity, copy.overlap


def _turned(found: Iterable[Found]) -> Iterator[Found]:
    for first, second, similarity, overlap in found:
        yield second, first, similarity, overlap


def _settled(found: Iterable[Found]) -> Iterator[Found]:
    """Yield each pair once, as it is found more similar."""
    best: dict[tuple[int, int], Found] = {}
    for one in found:
        pair = one[:2]
        if pair not in best or one[2] > best[pair][2]:
            best[pair] = one
    yield from best.values()


def _digests(images: InspectedSet) -> list[str]:
    return [entry.pixels_sha256 for entry in images.entries]
