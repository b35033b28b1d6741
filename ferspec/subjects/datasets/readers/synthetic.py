"""The synthetic faces as a dataset: rendered one by one as they are asked for, in one process or in several."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.orphans import end_with_parent

Draw = Callable[[int, str, int, int, int], np.ndarray]


def draw_face(seed: int, label: str, index: int, drawn_at: int, size: int) -> np.ndarray:
    """Return one synthetic face (size, size, 3) uint8 RGB, the middle of what is drawn; the same in every process."""
    from ferspec.synthetic import render, scene

    first = (drawn_at - size) // 2
    middle = slice(first, first + size)
    return np.ascontiguousarray(render(scene(seed, label, index), drawn_at)[middle, middle])


@contextmanager
def drawing_processes(count: int) -> Iterator[Draw]:
    """Yield a ``draw_face`` that works in ``count`` processes, for as many threads to call; they end with the block.

    The processes are new ones, not copies, since a copy of a process that has threads may hang.
    """
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_draw_alone) as processes:

        def draw(*face: int | str) -> np.ndarray:
            try:
                return processes.submit(draw_face, *face).result()
            except BrokenProcessPool:  # a script without a main guard cannot have processes; the faces are the same
                return draw_face(*face)

        yield draw


def read_synthetic(
    counts: int | Sequence[int], size: int, seed: int, draw: Draw = draw_face, drawn_at: int | None = None
) -> Listing:
    """List synthetic faces, ``size`` x ``size``, with the attributes they were drawn with.

    ``counts`` are the faces of each class, or one number for all. The faces are the middle of pictures of ``drawn_at``
    x ``drawn_at``; by default nothing is cut off. ``UserError`` where a number is less than 1, or ``drawn_at`` is less
    than ``size``.
    """
    from ferspec.synthetic import attributes, scene

    classes = spec.load().classes
    counts = [counts] * len(classes) if isinstance(counts, int) else list(counts)
    drawn_at = size if drawn_at is None else drawn_at
    if min(counts) < 1 or size < 1:
        raise UserError(f"{min(counts)} synthetic faces per class of size {size}: both must be at least 1")
    if drawn_at < size:
        raise UserError(f"synthetic faces of size {size} cannot be cut out of {drawn_at}")
    drawn = [(label, index) for label, count in zip(classes, counts, strict=True) for index in range(count)]
    columns = [attributes(scene(seed, label, index)) for label, index in drawn]

    def fetch(index: int) -> tuple[bytes, np.ndarray]:
        pixels = draw(seed, *drawn[index], drawn_at, size)
        return pixels.tobytes(), pixels

    return Listing(
        "synthetic",
        tuple(f"{label}/{index:04d}" for label, index in drawn),
        np.repeat(np.arange(len(classes)), counts),
        fetch,
        groups={name: tuple(column[name] for column in columns) for name in columns[0]},
    )


def _draw_alone() -> None:
    """Keep OpenCV from starting as many threads in every process as there are cores, and none from being left over."""
    import cv2

    end_with_parent()

    cv2.setNumThreads(1)
