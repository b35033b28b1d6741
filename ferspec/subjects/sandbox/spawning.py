"""Start child processes from a thread that lives as long as the judge.

The kernel kills a sandboxed process when the thread that started it ends, not when the process of that thread ends.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_threads: dict[int, ThreadPoolExecutor] = {}


def spawn(
    words: Sequence[str], environment: Mapping[str, str], folder: Path | None = None, files: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program in its own session with pipes as its standard streams. It inherits only ``files``."""
    # a forked process has the table, but not the thread
    thread = _threads.setdefault(os.getpid(), ThreadPoolExecutor(1, "ferspec-sandbox"))
    return thread.submit(_popen, words, environment, folder, files).result()


def _popen(
    words: Sequence[str], environment: Mapping[str, str], folder: Path | None, files: Sequence[int]
) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        list(words),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        bufsize=0,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
        pass_fds=tuple(files),
    )
