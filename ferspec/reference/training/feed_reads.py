"""Reading in TensorFlow's threads: what it raises is kept for the caller, and the last of it ends before Python."""

from __future__ import annotations

import atexit
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

# No thread of TensorFlow that is to read another batch takes longer to come back for it.
QUIET_SECONDS, LONGEST_WAIT = 0.2, 10.0


class _Reads:
    """How many reads go on, when the last one ended, and what those that failed raised, by the names given to it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.going_on = 0
        self.last_end = 0.0
        self.failures: dict[str, Exception] = {}

    def settle(self) -> None:
        """Wait until what is prepared ahead is complete, so that no thread asks for more.

        A thread of TensorFlow's that comes back to Python while it ends makes the process abort, whatever its status.
        """
        latest = time.monotonic() + LONGEST_WAIT
        while (now := time.monotonic()) < latest and (self.going_on or now - self.last_end < QUIET_SECONDS):
            time.sleep(0.01)


class _ReadingFailed(Exception):
    """Stands for an exception, by the name it is kept under, on the way through TensorFlow."""


@contextmanager
def reading() -> Iterator[None]:
    """Within it one batch is read, in any thread; what it raises is kept for ``reading_errors``."""
    reads = _reads()
    with reads.lock:
        reads.going_on += 1
    try:
        yield
    except Exception as error:
        name = secrets.token_hex()
        reads.failures[name] = error
        raise _ReadingFailed(name) from None
    finally:
        with reads.lock:
            reads.going_on -= 1
            reads.last_end = time.monotonic()


@contextmanager
def reading_errors() -> Iterator[None]:
    """Within it an exception raised while a batch was read comes out of ``fit`` as that very exception.

    TensorFlow would hand on no more than its text, as an error of TensorFlow's own.
    """
    import tensorflow as tf

    reads = _reads()
    try:
        yield
    except tf.errors.OpError as error:
        for name, failure in reads.failures.items():
            if name in error.message:
                raise failure from None
        raise
    finally:
        reads.failures.clear()


@cache
def _reads() -> _Reads:
    reads = _Reads()
    atexit.register(reads.settle)
    return reads
