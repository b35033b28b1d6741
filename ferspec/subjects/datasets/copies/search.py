"""Find the copies of pictures in a set, or between two sets (FER-I-01, FER-I-02)."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from ferspec.progress import StepProgress
from ferspec.subjects.datasets.copies.filling import filled
from ferspec.subjects.datasets.copies.queries import Queries
from ferspec.subjects.datasets.copies.reduction import pixel_digest, reduced
from ferspec.subjects.datasets.copies.settings import Settings, settings

Kind = Literal["same pixels", "changed copy"]
# images that are compared with all queries at once, by one thread
BLOCK = 1024


class Images(Protocol):
    """Images that can be asked for by number: (h, w, 3) uint8 RGB of any size."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Copy:
    """Two images that show one picture: ``first`` numbers the queries, ``second`` the others.

    ``similarity`` is the correlation of the detail of their common part, ``overlap`` its share of the second.
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

    Within the queries ``first`` is the smaller number. Between two sets, images of ``others`` that were moved are found
    more often than moved queries, since only the part that a query shows can be compared. Every image of ``others`` is
    asked for once, in order, and only some thousand of their reductions are in memory at a time. Give the smaller set
    as ``queries``: each takes about 90 KB, and the time grows with the product of both numbers.
    ``progress(done, total)`` counts ``others``. Without ``moved``, copies that are rotated, shifted or zoomed are not
    found, and the search is much faster.

    FER-I-01, FER-I-02.
    """
    second = queries if others is None else others
    if not len(queries) or not len(second):
        return ()
    values = settings()
    found: list[Copy] = []
    with threadpool_limits(1, "blas"):
        squares, digests = _read(queries, range(len(queries)), values)
        prepared = Queries(squares, values, moved)
        known: dict[bytes, list[int]] = {}
        for number, digest in enumerate(digests):
            known.setdefault(digest, []).append(number)
        for numbers, copies in _in_blocks(prepared, second, values, within=others is None):
            found += copies
            for number, digest in numbers:
                found += [Copy(first, number, "same pixels", 1.0, 1.0) for first in known.get(digest, ())]
            if progress is not None:
                progress(numbers[-1][0] + 1, len(second))
    return _settled(found, within=others is None)


Numbered = list[tuple[int, bytes]]


def _in_blocks(
    prepared: Queries, second: Images, values: Settings, within: bool
) -> Iterator[tuple[Numbered, list[Copy]]]:
    """Yield the numbers and digests of each block, and its changed copies, in order.

    The calling thread reads images while others compare the blocks before.
    """
    threads = os.cpu_count() or 1
    running: deque[tuple[Numbered, Future[list[Copy]]]] = deque()
    with ThreadPoolExecutor(threads, "copies") as pool:
        for start in range(0, len(second), BLOCK):
            numbers = range(start, min(len(second), start + BLOCK))
            squares, digests = _read(second, numbers, values)
            running.append(
                (list(zip(numbers, digests, strict=True)), pool.submit(_changed, prepared, squares, numbers, within))
            )
            if len(running) > threads:
                done, copies = running.popleft()
                yield done, copies.result()
        for done, copies in running:
            yield done, copies.result()


def _read(images: Images, numbers: range, values: Settings) -> tuple[np.ndarray, list[bytes]]:
    """Return the reductions (n, side, side) float32 and the digests of some images."""
    squares = np.empty((len(numbers), values.side, values.side), np.float32)
    digests = []
    for row, number in enumerate(numbers):
        image = images[number]
        squares[row] = reduced(image, values.side)
        digests.append(pixel_digest(image))
    return squares, digests


def _changed(prepared: Queries, squares: np.ndarray, numbers: Sequence[int], within: bool) -> list[Copy]:
    """Return the changed copies among squares, also compared with their blank corners filled."""
    without = [
        (square, number) for each, number in zip(squares, numbers, strict=True) if (square := filled(each)) is not None
    ]
    if without:
        squares = np.concatenate([squares, np.stack([square for square, _ in without])])
        numbers = [*numbers, *(number for _, number in without)]
    pictures, rows, similarity, overlap = prepared.copies(squares, numbers if within else None)
    return [
        Copy(int(first), numbers[row], "changed copy", float(alike), float(shared))
        for first, row, alike, shared in zip(pictures, rows, similarity, overlap, strict=True)
    ]


def _settled(found: list[Copy], within: bool) -> tuple[Copy, ...]:
    """Return each pair once, in order: the more similar of both directions, and equal pixels rather than a change."""
    pairs: dict[tuple[int, int], Copy] = {}
    for copy in found:
        if within:
            if copy.first == copy.second:
                continue
            first, second = sorted((copy.first, copy.second))
            copy = replace(copy, first=first, second=second)
        pair = copy.first, copy.second
        if pair not in pairs or (copy.kind == "same pixels", copy.similarity) > (
            pairs[pair].kind == "same pixels",
            pairs[pair].similarity,
        ):
            pairs[pair] = copy
    return tuple(pairs[pair] for pair in sorted(pairs))
