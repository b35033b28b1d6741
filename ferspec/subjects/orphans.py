"""Ends a process of the suite's own whose parent is gone, killed perhaps, so that it cannot be told to end."""

from __future__ import annotations

import multiprocessing
import os
import threading
from multiprocessing.connection import wait

ORPHANED = 70


def end_with_parent() -> None:
    """End this process, with exit status ``ORPHANED``, as soon as the one that started it has ended."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True).start()
