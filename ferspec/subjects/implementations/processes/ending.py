"""How a process is ended with what it started: by its process group and, on Linux, by a mark that all inherit."""

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
# a process that was killed still shows for a moment, and one that starts others may start one meanwhile
ROUNDS, PAUSE = 100, 0.01


def marked_environment() -> tuple[dict[str, str], bytes]:
    """Return this process' environment with one variable more, of a name that nobody can guess, and that name."""
    mark = f"FERSPEC_{secrets.token_hex(16)}"
    return os.environ | {mark: "1"}, mark.encode()


def end(process: subprocess.Popen, mark: bytes) -> None:
    """Kill a process and what it started, and wait for it.

    What left its group or session is found by the mark in its environment, which Linux alone shows.
    """
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    for _ in range(ROUNDS):
        left = tuple(_marked(mark))
        if not left:
            break
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)


def _marked(mark: bytes) -> Iterator[int]:
    """Yield the processes that have the mark in their environment."""
    for folder in PROCESSES.glob("[0-9]*"):
        # others' cannot be read, and some are gone by now
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes():
                yield int(folder.name)
