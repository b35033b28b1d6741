"""Start child processes from a thread that lives as long as the judge.

The kernel kills a sandboxed process when the thread that started it ends, not when the process of that thread ends.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

LAST_STANDARD_STREAM = 2

Start = Callable[[], subprocess.Popen[bytes]]
Tasks = queue.SimpleQueue[tuple[Start, Future[subprocess.Popen[bytes]]] | None]

_tasks: dict[int, Tasks] = {}


def spawn(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a program in its own session, with pipes as its standard streams. It inherits nothing else."""
    return _popen(words, environment, folder, (), subprocess.PIPE)


def spawn_wrapped(
    words: Sequence[str], environment: Mapping[str, str], files: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start a wrapper that passes three pipes to a program.

    Three further words name the pipes. The wrapper itself has no standard streams: the judge sees when the program
    closes its output. It inherits only the pipes and ``files``.
    """
    (read, write), (output, output_end), (errors, errors_end) = (os.pipe() for _ in range(3))
    kept = (os.fdopen(write, "wb", 0), os.fdopen(output, "rb", 0), os.fdopen(errors, "rb", 0))
    given = (read, output_end, errors_end)
    try:
        process = _popen([*words, *map(str, given)], environment, None, (*files, *given), subprocess.DEVNULL)
    except BaseException:
        for stream in kept:
            stream.close()
        raise
    finally:
        for number in given:
            os.close(number)
    process.stdin, process.stdout, process.stderr = kept
    return process


def fill_standard_streams() -> None:
    """Open the null device for standard streams that the judge was started without.

    Otherwise a pipe would take their place.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= LAST_STANDARD_STREAM:
        pass
    os.close(number)


def _popen(
    words: Sequence[str], environment: Mapping[str, str], folder: Path | None, files: Sequence[int], stream: int
) -> subprocess.Popen[bytes]:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            list(words),
            stdin=stream,
            stdout=stream,
            stderr=stream,
            bufsize=0,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
            pass_fds=tuple(files),
        )

    started: Future[subprocess.Popen[bytes]] = Future()
    _tasks_of_thread().put((start, started))
    return started.result()


def _tasks_of_thread() -> Tasks:
    """Return the queue of the thread that starts processes.

    The thread is a daemon: one of ``ThreadPoolExecutor`` never ends where Ctrl-C comes while it starts.
    """
    # a forked process has the table, but not the thread
    if (process := os.getpid()) not in _tasks:
        tasks: Tasks = queue.SimpleQueue()
        threading.Thread(target=_start_each, args=(tasks,), name="ferspec-sandbox", daemon=True).start()
        if _tasks.setdefault(process, tasks) is not tasks:
            tasks.put(None)
    return _tasks[process]


def _start_each(tasks: Tasks) -> None:
    while (task := tasks.get()) is not None:
        start, started = task
        try:
            started.set_result(start())
        except BaseException as error:  # raised where the process is waited for
            started.set_exception(error)
