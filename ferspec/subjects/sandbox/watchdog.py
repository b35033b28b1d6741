"""Watch memory, processes and files of a sandboxed program, and end it above a limit."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from ferspec.subjects.sandbox.policy import GIB, Policy

PERIOD = 0.1
# watching takes at most a twentieth of the time
LEAST_PAUSES = 20
MOST_WRITTEN, MOST_FILES = 8 * GIB, 20_000
FILES_PERIOD = 2.0
BLOCK = 512


class Watchdog(threading.Thread):
    """Call ``end`` once the program and its descendants exceed a limit, which ``reason`` then names."""

    def __init__(self, pid: int, extra: int, policy: Policy, scratch: Path, end: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.reason: str | None = None
        self._pid, self._extra, self._policy, self._scratch, self._end = pid, extra, policy, scratch, end
        self._stopped = threading.Event()
        self._files_checked = time.monotonic()
        self.start()

    def run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            began = time.monotonic()
            try:
                reason = self._excess()
            except psutil.NoSuchProcess:
                return
            if reason is not None:
                self.reason = reason
                self._end()
                return
            pause = max(PERIOD, LEAST_PAUSES * (time.monotonic() - began))

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _excess(self) -> str | None:
        """Return which limit is exceeded, or None."""
        first = psutil.Process(self._pid)
        tree = [first, *first.children(recursive=True)]
        if len(tree) - self._extra > self._policy.most_processes:
            return f"started more than {self._policy.most_processes} processes"
        memory = 0
        for process in tree:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                memory += process.memory_info().rss
        if memory > self._policy.memory:
            return f"used more than {_size(self._policy.memory)} of memory"
        if time.monotonic() - self._files_checked > FILES_PERIOD:
            files, written = written_in(self._scratch)
            self._files_checked = time.monotonic()
            if written > MOST_WRITTEN:
                return f"wrote more than {_size(MOST_WRITTEN)} of files"
            if files > MOST_FILES:
                return f"wrote more than {MOST_FILES:,} files"
        return None


def written_in(folder: Path) -> tuple[int, int]:
    """Return the number of files in a folder and their size in bytes; stop counting above ``MOST_FILES``."""
    files = size = 0
    waiting = [str(folder)]
    while waiting and files <= MOST_FILES:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                size += entry.stat(follow_symlinks=False).st_blocks * BLOCK
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return files, size


def _size(count: int) -> str:
    return f"{count / GIB:g} GiB" if count >= GIB else f"{count >> 20} MiB"
