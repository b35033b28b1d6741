"""Waiting for other processes, with a time limit."""

import os
import time
from pathlib import Path


def alive(process):
    """Return whether a process is there and is not merely waiting for its parent to notice its end."""
    try:
        os.kill(process, 0)
        return not Path("/proc").is_dir() or Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until(reached, seconds=180):
    """Return the first true answer of a function that is asked again and again."""
    latest = time.monotonic() + seconds
    while not (answer := reached()):
        assert time.monotonic() < latest, "it took too long"
        time.sleep(0.02)
    return answer
