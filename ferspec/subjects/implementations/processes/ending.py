"""End a process and its descendants, found by process group and, on Linux, by environment."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
# a killed process stays visible for a moment, and may have started another process meanwhile
ROUNDS, PAUSE = 100, 0.01


def marked_environment() -> tuple[dict[str, str], bytes]:
    """Return this process' environment with an extra variable of random name, and that name."""
    mark = f"FERSPEC_{secrets.token_hex(16)}"
    return os.environ | {mark: "1"}, mark.encode()


def end(process: subprocess.Popen, mark: bytes) -> None:
    """Kill a process and its descendants, and wait for it.

    Descendants that left its process group are found by the mark in their environment, on Linux only.
    """
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    for _ in range(ROUNDS):
        descendants = tuple(_marked(mark))
        if not descendants:
            break
        for pid in descendants:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)


def _marked(mark: bytes) -> Iterator[int]:
    """Yield the ids of processes that have the mark in their environment."""
    for folder in PROCESSES.glob("[0-9]*"):
        # processes of other users cannot be read, and some have already ended
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes():
                yield int(folder.name)
