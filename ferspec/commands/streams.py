"""Standard output and standard error, which may be closed or full."""

from __future__ import annotations

import io
import os
import sys

STANDARD = (0, 1, 2)


def open_streams() -> bool:
    """Prepare the standard streams, and return whether standard output is open.

    A closed stream becomes the null device: a file that is opened later would otherwise take its number, and receive
    what is printed.
    """
    is_open = sys.stdout is not None
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # it gets the lowest free number
            os.open(os.devnull, os.O_RDWR)
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a character must not stop a report
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return is_open


def _nowhere() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.devnull, "w")), encoding="utf-8")


def flush() -> OSError | None:
    """Write what is buffered, and return the error of standard output, if any.

    A stream that cannot be written to becomes the null device, since Python tries again when it ends.
    """
    failure = None
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except OSError as error:
            failure = error if stream is sys.stdout else None
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return failure
