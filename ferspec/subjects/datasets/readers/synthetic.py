"""Render synthetic faces on demand as a dataset, in one process or several."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.readers.listing import Decode, Listing
from ferspec.subjects.started import end_with_parent

Draw = Callable[[int, str, int, int, int], np.ndarray]


def draw_face(seed: int, label: str, index: int, drawn_at: int, size: int) -> np.ndarray:
    """Render a face at ``drawn_at`` pixels and crop it to (size, size, 3) uint8 RGB."""
    from ferspec.synthetic import render, scene

    start = (drawn_at - size) // 2
    centre = slice(start, start + size)
    return np.ascontiguousarray(render(scene(seed, label, index), drawn_at)[centre, centre])


@contextmanager
def drawing_processes(count: int) -> Iterator[Draw]:
    """Yield a thread-safe ``draw_face`` that runs in ``count`` processes.

    The processes are spawned, since a fork of a process with threads may hang. They end with the block.
    """
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_init_worker) as processes:

        def draw(seed: int, label: str, index: int, drawn_at: int, size: int) -> np.ndarray:
            try:
                return processes.submit(draw_face, seed, label, index, drawn_at, size).result()
            except BrokenProcessPool:  # processes fail in a script without a main guard; the faces are the same
                return draw_face(seed, label, index, drawn_at, size)

        yield draw


def read_synthetic(
    counts: int | Sequence[int], size: int, seed: int, draw: Draw = draw_face, drawn_at: int | None = None
) -> Listing:
    """List synthetic faces of ``size`` x ``size`` pixels with their attributes.

    ``counts`` is the number of faces per class, or one number for all classes. The faces are cropped from the centre
    of renderings of ``drawn_at`` x ``drawn_at``; by default, without cropping. Raise ``UserError`` for a number below
    1, or ``drawn_at`` below ``size``.
    """
    from ferspec.synthetic import attributes, scene

    classes = spec.load().classes
    counts = [counts] * len(classes) if isinstance(counts, int) else list(counts)
    drawn_at = size if drawn_at is None else drawn_at
    if min(counts) < 1 or size < 1:
        raise UserError(f"{min(counts)} synthetic faces per class of size {size}: both must be at least 1")
    if drawn_at < size:
        raise UserError(f"synthetic faces of size {size} cannot be cropped from {drawn_at} pixels: draw larger ones")
    drawn = [(label, index) for label, count in zip(classes, counts, strict=True) for index in range(count)]
    columns = [attributes(scene(seed, label, index)) for label, index in drawn]

    def fetch(index: int, _: Decode = decode) -> tuple[bytes, np.ndarray]:
        pixels = draw(seed, *drawn[index], drawn_at, size)
        return pixels.tobytes(), pixels

    return Listing(
        "synthetic",
        tuple(f"{label}/{index:04d}" for label, index in drawn),
        np.repeat(np.arange(len(classes)), counts),
        fetch,
        groups={name: tuple(column[name] for column in columns) for name in columns[0]},
    )


def _init_worker() -> None:
    """End the worker with its parent, and limit OpenCV to one thread per process."""
    import cv2

    end_with_parent()
    cv2.setNumThreads(1)
