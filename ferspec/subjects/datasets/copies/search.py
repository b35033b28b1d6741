"""Find the copies of pictures in a set, or between two sets (FER-I-01, FER-I-02)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from ferspec.progress import StepProgress
from ferspec.subjects.datasets.copies.agreement import agreement
from ferspec.subjects.datasets.copies.bank import Bank, described
from ferspec.subjects.datasets.copies.reduction import Atlas, pixel_digest, reduced, shrunk
from ferspec.subjects.datasets.copies.registration import Templates, registered
from ferspec.subjects.datasets.copies.settings import Settings, settings

Kind = Literal["same pixels", "changed copy"]
# images that are compared with all queries at once
BLOCK = 2048
# of the registration at half of and at the full size of the reductions
STEPS = (5, 5)


class Images(Protocol):
    """Images that can be asked for by number: (h, w, 3) uint8 RGB of any size."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Copy:
    """Two images that show one picture: ``first`` numbers the queries, ``second`` the others.

    ``similarity`` is the correlation of the fine detail of their common part, ``overlap`` its share of the second.
    """

    first: int
    second: int
    kind: Kind
    similarity: float
    overlap: float


def find_copies(
    queries: Images, others: Images | None = None, progress: StepProgress | None = None, *, moved: bool = True
) -> tuple[Copy, ...]:
    """Return the copies of ``queries`` among ``others``, or within the queries, by their numbers.

    Within the queries ``first`` is the smaller number. Every image of ``others`` is asked for once, in order, and
    described by a few kilobytes; give the smaller set as ``queries``, which stay in memory as about 200 KB each.
    ``progress(done, total)`` counts ``others``. Without ``moved``, rotated, shifted and zoomed copies are not found.

    FER-I-01, FER-I-02.
    """
    values = settings()
    search = _Search(queries, values, moved)
    found: list[Copy] = []
    second = queries if others is None else others
    for start in range(0, len(second), BLOCK):
        numbers = range(start, min(len(second), start + BLOCK))
        found += search.copies(second, numbers, others is None)
        if progress is not None:
            progress(numbers.stop, len(second))
    return tuple(sorted(found, key=lambda copy: (copy.first, copy.second)))


class _Search:
    """The queries, ready to be compared with blocks of other images."""

    def __init__(self, queries: Images, values: Settings, moved: bool) -> None:
        self._values = values
        self._digests: dict[bytes, list[int]] = {}
        squares = np.empty((len(queries), values.side, values.side), np.float32)
        for number in range(len(queries)):
            image = queries[number]
            self._digests.setdefault(pixel_digest(image), []).append(number)
            squares[number] = reduced(image, values.side)
        self._contrasts = squares.std(axis=(1, 2))
        coarse = Atlas(shrunk(squares, 2 * values.patch))
        self._atlases = coarse, Atlas(squares)
        self._bank = Bank(coarse, len(queries), values, moved)

    def copies(self, others: Images, numbers: range, within: bool) -> Iterator[Copy]:
        """Yield the copies of the queries among some of the others."""
        values = self._values
        squares = np.empty((len(numbers), values.side, values.side), np.float32)
        equal: set[tuple[int, int]] = set()
        for row, number in enumerate(numbers):
            image = others[number]
            squares[row] = reduced(image, values.side)
            for first in self._digests.get(pixel_digest(image), ()):
                if not within or first < number:
                    equal.add((first, number))
                    yield Copy(first, number, "same pixels", 1.0, 1.0)
        pictures, rows, maps = self._candidates(squares, numbers, within)
        similarity, overlap = self._compared(squares, pictures, rows, maps)
        for place in np.flatnonzero((similarity >= values.similarity) & (overlap >= values.overlap)):
            pair = int(pictures[place]), numbers[rows[place]]
            if pair not in equal:
                yield Copy(*pair, "changed copy", float(similarity[place]), float(overlap[place]))

    def _candidates(
        self, squares: np.ndarray, numbers: range, within: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the pairs worth registering: queries (m,), rows of the squares (m,), and maps (m, 2, 3)."""
        values = self._values
        coarse = shrunk(squares, values.patch)
        vectors = described(coarse, values)
        best = self._bank.best(vectors)
        best[:, self._contrasts < values.contrast] = -1
        best[squares.std(axis=(1, 2)) < values.contrast] = -1
        if within:
            best[np.arange(best.shape[1])[None, :] >= np.array(numbers)[:, None]] = -1
        most = min(values.candidates, best.shape[1])
        pictures = np.argpartition(-best, most - 1, axis=1)[:, :most]
        rows, columns = np.nonzero(np.take_along_axis(best, pictures, axis=1) > 0)
        pictures = pictures[rows, columns]
        order = np.argsort(pictures, kind="stable")
        pictures, rows = pictures[order], rows[order]
        frames = np.empty(len(pictures), np.int64)
        for part in np.split(np.arange(len(pictures)), np.flatnonzero(np.diff(pictures)) + 1):
            if len(part):
                frames[part] = self._bank.best_frame(pictures[part[0]], vectors[rows[part]])
        maps, likeness = registered(
            self._atlases[0], pictures, Templates(coarse), rows, self._bank.maps[frames].astype(np.float64), 3
        )
        kept = np.lexsort((-likeness, rows))
        place = np.arange(len(kept)) - np.searchsorted(rows[kept], rows[kept])
        kept = kept[place < values.registered]
        return pictures[kept], rows[kept], maps[kept]

    def _compared(
        self, squares: np.ndarray, pictures: np.ndarray, rows: np.ndarray, maps: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarity (m,) and the overlap (m,) of pairs, finely registered; 0 for hopeless ones."""
        similarity, overlap = np.zeros(len(pictures)), np.zeros(len(pictures))
        kept = np.arange(len(pictures))
        for atlas, steps, least in zip(self._atlases, STEPS, (self._values.promising, 0.0), strict=True):
            if not len(kept):
                break
            second = shrunk(squares, atlas.side)
            moved, _ = registered(atlas, pictures[kept], Templates(second), rows[kept], maps[kept], steps)
            patches, inside = atlas.sampled(pictures[kept], moved, atlas.side)
            agreeing, common = agreement(patches, second[rows[kept]], inside)
            maps[kept], similarity[kept], overlap[kept] = moved, agreeing, common
            kept = kept[(agreeing >= least) & (common >= self._values.overlap)]
        similarity[np.setdiff1d(np.arange(len(pictures)), kept)] = 0
        return similarity, overlap
