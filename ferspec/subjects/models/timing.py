"""Measure the time of one answer, and the memory, in a model's process."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ferspec.records import Record

# numbers in JSON are exact up to here
Number = Annotated[int, Field(ge=0, le=2**53)]
STATUS = Path("/proc/self/status")
PEAK, NOW = (re.compile(rf"{name}:\s+(\d+) kB") for name in ("VmHWM", "VmRSS"))


class Timed(Record):
    """Hold what one answer took. Memory is that of the whole process, in bytes; None where it cannot be read.

    ``peak`` is the most that was in use until now, ``before`` what was in use before the model was loaded.
    """

    nanoseconds: Number
    peak: Number | None = None
    before: Number | None = None


Time = Callable[[np.ndarray], Timed]


def timed(run: Callable[[np.ndarray], Any], batch: np.ndarray, before: int | None) -> Timed:
    """Run a model once on a batch in the layout of its file."""
    began = perf_counter_ns()
    np.asarray(run(batch))
    return Timed(nanoseconds=perf_counter_ns() - began, peak=memory_peak(), before=before)


def memory_peak() -> int | None:
    """Return the most memory that this process has used, in bytes; None where the system does not say."""
    if sys.platform == "darwin":
        import resource

        return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    # not ru_maxrss, which on Linux may be that of the process that started this one
    return _in_status(PEAK)


def memory_now() -> int | None:
    """Return the memory that this process uses, in bytes; None where the system does not say."""
    return _in_status(NOW)


def _in_status(wanted: re.Pattern[str]) -> int | None:
    try:
        found = wanted.search(STATUS.read_text())
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024
