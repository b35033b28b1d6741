"""Keep the judge's memory closed to other processes while a subject runs, on Linux."""

from __future__ import annotations

import ctypes
import sys
import threading

GET_DUMPABLE, SET_DUMPABLE = 3, 4

_lock = threading.Lock()
_living: list[object] = []


class Secrecy:
    """Make this process not dumpable until ``end``, or the ``end`` of the last of several."""

    def __init__(self) -> None:
        with _lock:
            if not _living:
                _set_dumpable(False)
            _living.append(self)

    def end(self) -> None:
        """Allow debuggers again, unless another sandbox is alive."""
        with _lock:
            if self in _living:
                _living.remove(self)
            if not _living:
                _set_dumpable(True)


def _set_dumpable(allowed: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_DUMPABLE, int(allowed), 0, 0, 0)
