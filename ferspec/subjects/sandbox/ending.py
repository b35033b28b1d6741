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
# seconds in which a guard kills what it looks after
PATIENCE = 10.0


def new_mark() -> str:
    """Return a variable of random name, which marks a process and its descendants."""
    return f"FERSPEC_{secrets.token_hex(16)}"


def end(process: subprocess.Popen[bytes], mark: str, guarded: bool = False) -> None:
    """Kill a process and its descendants, and wait for it.

    A ``guarded`` process kills its descendants itself when it is asked to. Descendants that left the process group are
    found by the mark in their environment, on Linux only.
    """
    if guarded:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    for _ in range(ROUNDS):
        descendants = tuple(_marked(mark.encode()))
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
