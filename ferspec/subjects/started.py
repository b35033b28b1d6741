"""What a process does that the suite started: it answers on its standard output, and ends with its parent."""

from __future__ import annotations

import io
import os
import sys
import threading

# the exit status of a process whose parent has ended or was killed
ORPHANED = 70


def take_streams() -> tuple[io.FileIO, io.FileIO]:
    """Reserve standard input and output for requests and answers; redirect printed text to standard error."""
    requests, answers = io.FileIO(os.dup(0), "rb"), io.FileIO(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


def end_with_parent() -> None:
    """End this process, with exit status ``ORPHANED``, as soon as its parent process has ended."""
    import multiprocessing
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this process has no parent process to watch")
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True).start()
