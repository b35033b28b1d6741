"""The pictures that are searched for, ready to be compared with blocks of other images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferspec.subjects.datasets.copies.agreement import agreement
from ferspec.subjects.datasets.copies.bank import Bank, described
from ferspec.subjects.datasets.copies.reduction import Atlas, shrunk
from ferspec.subjects.datasets.copies.registration import parts, registered
from ferspec.subjects.datasets.copies.settings import Settings

# steps of the registration of coarse patches, and of patches of half and full size
COARSE_STEPS, STEPS = 2, (4, 4)
# the least agreement at half size of pairs that are registered at full size: copies have far more
PROMISING = 0.45

# numbers of squares (k,), of queries (k,), and maps (k, 2, 3)
Candidates = tuple[np.ndarray, np.ndarray, np.ndarray]


class Queries:
    """The pictures to search for, reduced to ``squares`` (n, side, side) float32, at all positions."""

    def __init__(self, squares: np.ndarray, values: Settings, moved: bool) -> None:
        self._values, self._move = values, moved
        self._flat = squares.std(axis=(1, 2)) < values.contrast
        coarse = Atlas(shrunk(squares, 2 * values.patch))
        self._atlases = coarse, Atlas(squares)
        self._bank = Bank(coarse, len(squares), values, moved)

    def copies(
        self, squares: np.ndarray, numbers: Sequence[int] | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the changed copies among other images, reduced to ``squares`` (m, side, side).

        They are numbers of queries and of squares, similarities and overlaps, each (k,). With ``numbers`` (m,) the
        squares are queries themselves, which are not compared with themselves.
        """
        values = self._values
        coarse = shrunk(squares, values.patch)
        vectors = described(coarse.reshape(len(coarse), -1), values)
        best = self._bank.best(vectors)
        best[:, self._flat] = -1
        best[squares.std(axis=(1, 2)) < values.contrast] = -1
        if numbers is not None:
            best[np.arange(len(best)), np.asarray(numbers)] = -1
        rows, pictures, maps = self._moved(coarse, vectors, best) if self._move else self._unmoved(vectors, best)
        similarity, overlap = self._compared(squares, rows, pictures, maps)
        found = np.flatnonzero(are_copies(similarity, overlap, values))
        return pictures[found], rows[found], similarity[found], overlap[found]

    def _unmoved(self, vectors: np.ndarray, best: np.ndarray) -> Candidates:
        """Return the pairs that agree as they are, or mirrored."""
        rows, pictures = np.nonzero(best >= self._values.unmoved)
        frames = self._frames(pictures, vectors[rows])
        return rows, pictures, self._bank.maps[frames]

    def _moved(self, coarse: np.ndarray, vectors: np.ndarray, best: np.ndarray) -> Candidates:
        """Return the pairs that agree once registered coarsely."""
        values = self._values
        most = min(values.candidates, best.shape[1])
        pictures = np.argpartition(best, best.shape[1] - most, axis=1)[:, best.shape[1] - most :]
        possible = np.take_along_axis(best, pictures, axis=1) > 0
        frames = self._frames(pictures.ravel(), np.repeat(vectors, most, axis=0)).reshape(pictures.shape)
        maps, likeness = registered(self._atlases[0], coarse, pictures, self._bank.maps[frames], COARSE_STEPS)
        likeness[~possible] = -1
        order = np.argsort(-likeness, axis=1, kind="stable")[:, : values.registered]
        rows, places = np.nonzero(np.take_along_axis(likeness, order, axis=1) >= values.likeness)
        chosen = order[rows, places]
        return rows, pictures[rows, chosen], maps[rows, chosen]

    def _frames(self, pictures: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Return the position at which each picture is most like its vector.

        Pictures and positions are (k,), vectors (k, frequencies).
        """
        order = np.argsort(pictures, kind="stable")
        frames = np.empty(len(pictures), np.int64)
        for part in np.split(order, np.flatnonzero(np.diff(pictures[order])) + 1):
            if len(part):
                frames[part] = self._bank.best_frame(int(pictures[part[0]]), vectors[part])
        return frames

    def _compared(
        self, squares: np.ndarray, rows: np.ndarray, pictures: np.ndarray, maps: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarity (k,) and the overlap (k,) of pairs, finely registered; 0 for hopeless ones."""
        pictures, maps = pictures[:, None], maps[:, None]
        similarity, overlap = np.zeros(len(rows)), np.zeros(len(rows))
        kept = np.arange(len(rows))
        for atlas, steps, least in zip(self._atlases, STEPS if self._move else (0, 0), (PROMISING, 0.0), strict=True):
            second = shrunk(squares, atlas.side)[rows[kept]]
            maps[kept], _ = registered(atlas, second, pictures[kept], maps[kept], steps)
            similarity[kept], overlap[kept] = _agreement(atlas, second, pictures[kept], maps[kept])
            hopeless = (similarity[kept] < least) | (overlap[kept] < self._values.overlap)
            similarity[kept[hopeless]] = 0
            kept = kept[~hopeless]
        return similarity, overlap


def are_copies(similarity: np.ndarray, overlap: np.ndarray, values: Settings) -> np.ndarray:
    """Return whether pairs of these similarities and overlaps, both (k,), are copies, (k,) bool."""
    return (similarity >= values.similarity) & (overlap >= values.overlap)


def _agreement(
    atlas: Atlas, templates: np.ndarray, pictures: np.ndarray, maps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how well pictures agree with templates, and the common share.

    The pictures are (k, 1) of the atlas under ``maps`` (k, 1, 2, 3), the templates (k, p, p).
    """
    similarity, overlap = np.empty(len(templates)), np.empty(len(templates))
    side = templates.shape[1]
    for part in parts(len(templates), side * side):
        patches, inside = atlas.sampled(pictures[part], maps[part], side)
        second = templates[part].reshape(-1, side * side)
        similarity[part], overlap[part] = agreement(patches[:, 0], second, inside[:, 0])
    return similarity, overlap
