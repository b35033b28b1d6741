"""End a worker process of the suite when its parent has ended or was killed."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait

ORPHANED = 70


def end_with_parent() -> None:
    """End this process, with exit status ``ORPHANED``, as soon as its parent process has ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("this process has no parent process to watch")
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True).start()
