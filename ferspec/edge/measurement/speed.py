"""Measures the time of a model for one image, and the memory of its process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

import numpy as np

from ferspec.progress import StepProgress
from ferspec.records import Count, Record
from ferspec.subjects.models.base import Model

# the first answers of a runtime are slow: it allocates memory, and chooses how to compute
WARM_UP = 10
MOST_RUNS, LEAST_RUNS = 200, 20
# after these, no run is begun beyond the least number
SECONDS = 10.0
NANOSECONDS = 1e6


class Timing(Record):
    """The milliseconds for one image that is sent alone.

    ``runs`` count, after ``warm_up`` that do not.
    """

    threads: Count
    runs: Count
    warm_up: Count
    median: float
    p95: float


class Memory(Record):
    """The most bytes that a process used, and those before its model was loaded.

    None is unknown.
    """

    peak: Count | None
    before: Count | None


class Speed(Record):
    """The timing for each number of threads, and the memory with one thread."""

    timings: tuple[Timing, ...]
    memory: Memory


Open = Callable[[int], Model]


def measured(open_model: Open, images: Sequence[np.ndarray], threads: Sequence[int], progress: StepProgress) -> Speed:
    """Time a model in a new process for each number of threads.

    ``images`` are prepared, float32 (height, width, channels), and sent one after the other; ``open_model`` opens the
    model with a number of threads. ``SubjectError`` if it crashes.
    """
    timings, memory = [], Memory(peak=None, before=None)
    for number, count in enumerate(threads):
        model = open_model(count)
        try:
            timing, used = _timed(model, images, count)
        finally:
            model.close()
        timings.append(timing)
        if number == 0:
            memory = used
        progress(number + 1, len(threads))
    return Speed(timings=tuple(timings), memory=memory)


def _timed(model: Model, images: Sequence[np.ndarray], threads: int) -> tuple[Timing, Memory]:
    began = monotonic()
    found = []
    for run in range(WARM_UP + MOST_RUNS):
        if run >= WARM_UP + LEAST_RUNS and monotonic() - began > SECONDS:
            break
        found.append(model.timed(images[run % len(images)]))
    per_answer = model.signature.batch or 1
    milliseconds = [one.nanoseconds / NANOSECONDS / per_answer for one in found[WARM_UP:]]
    timing = Timing(
        threads=threads,
        runs=len(milliseconds),
        warm_up=WARM_UP,
        median=round(float(np.median(milliseconds)), 4),
        p95=round(float(np.quantile(milliseconds, 0.95)), 4),
    )
    return timing, Memory(peak=found[-1].peak, before=found[-1].before)
