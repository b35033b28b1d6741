"""Set the size of pipes."""

from __future__ import annotations

from contextlib import suppress
from typing import IO

# Linux: the number of the request that resizes a pipe, and the largest size that every user may ask for
SET_PIPE_SIZE, PIPE_SIZE = 1031, 1 << 20


def widen(pipe: IO[bytes]) -> None:
    """Enlarge the buffer of a pipe where possible: judge and worker then switch less often."""
    with suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe.fileno(), SET_PIPE_SIZE, PIPE_SIZE)
