"""Read batches in TensorFlow's threads: keep their exceptions for the caller, and end before Python does."""

from __future__ import annotations

import atexit
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

# A thread of TensorFlow that has another batch to read asks for it within QUIET_SECONDS.
QUIET_SECONDS, LONGEST_WAIT = 0.2, 10.0


class _Reads:
    """The running reads, the end of the last one, and kept exceptions by name."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.running = 0
        self.last_end = 0.0
        self.failures: dict[str, Exception] = {}

    def settle(self) -> None:
        """Wait until all batches prepared ahead are complete, so that no thread asks for more.

        A thread of TensorFlow that calls Python while Python ends aborts the process.
        """
        latest = time.monotonic() + LONGEST_WAIT
        while (now := time.monotonic()) < latest and (self.running or now - self.last_end < QUIET_SECONDS):
            time.sleep(0.01)


class _ReadingFailed(Exception):
    """An error whose text is the name of a kept exception."""


@contextmanager
def reading() -> Iterator[None]:
    """Read one batch in this context, in any thread; keep its exception for ``reading_errors``."""
    reads = _reads()
    with reads.lock:
        reads.running += 1
    try:
        yield
    except Exception as error:
        name = secrets.token_hex()
        reads.failures[name] = error
        raise _ReadingFailed(name) from None
    finally:
        with reads.lock:
            reads.running -= 1
            reads.last_end = time.monotonic()


@contextmanager
def reading_errors() -> Iterator[None]:
    """Raise the original exception of a read.

    TensorFlow passes on only its text, in an error of its own.
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
