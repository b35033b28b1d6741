"""Tries one training in a process of its own, which may crash, hang or be killed without harm to any other."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.grid.running.jobs import Event, Limits, without_dataset
from ferspec.grid.training.train import Request
from ferspec.reference.training.fit import Listener
from ferspec.subjects.orphans import end_with_parent

LAST_LINES, LONGEST = 30, 64 << 10
LONGEST_WAIT = 86_400.0


def attempt(request: Request, limits: Limits) -> Iterator[Event]:
    """Yield what happens to a training in a new process, first that it runs, at last how it ended.

    While an event is being heard nothing in the training's folder changes, but after the first. Closing the generator
    ends the process; a process whose parent is gone ends itself.
    """
    with tempfile.TemporaryDirectory(prefix="ferspec-") as folder:
        log = Path(folder, "log.txt")
        with closing(_events(request, log, limits)) as events:
            for event in events:
                yield event if event.state == "running" else event.model_copy(update={"log": _last_lines(log)})


def _events(request: Request, log: Path, limits: Limits) -> Iterator[Event]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, request, str(log), limits.trainer), name=str(request.out))
    began = time.monotonic()
    process.start()
    theirs.close()
    epochs = 0
    try:
        yield Event(state="running")
        while (event := _next(ours, limits, began)) is not None:
            epochs = event.epochs
            yield event
            if event.ended:
                return
            ours.send(None)
        process.join(_left(limits, began))
        yield _without_answer(process.exitcode, epochs, limits)
    except BrokenPipeError:
        process.join()
        yield _without_answer(process.exitcode, epochs, limits)
    finally:
        process.kill()
        process.join()
        ours.close()


def _last_lines(log: Path) -> str:
    """Return the last lines of a log, or nothing where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LONGEST))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-LAST_LINES:])


def _left(limits: Limits, began: float) -> float:
    """Return the seconds that are left to an attempt, or to the longest wait that is asked of a system at once."""
    left = math.inf if limits.seconds is None else began + limits.seconds - time.monotonic()
    return min(max(0.0, left), LONGEST_WAIT)


def _next(connection: Connection, limits: Limits, began: float) -> Event | None:
    """Return the next event, or None once the process is gone or its time is over."""
    try:
        while not connection.poll(_left(limits, began)):
            if not _left(limits, began):
                return None
        return connection.recv()
    except (EOFError, OSError):
        return None


def _without_answer(code: int | None, epochs: int, limits: Limits) -> Event:
    if code is None:
        message = f"not done after {limits.seconds:g} s (--cell-timeout): what is finished is kept"
        return Event(state="failed", epochs=epochs, message=message)
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
    return Event(state="died", epochs=epochs, message=f"its process {how}")


def _work(connection: Connection, request: Request, log: str, trainer: str) -> None:
    """Train, in the new process, and tell how it ended."""
    end_with_parent()
    # Ctrl-C reaches every process of a terminal; the parent decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _divert(log)
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    connection.send(_end(connection, request, trainer))


def _end(connection: Connection, request: Request, trainer: str) -> Event:
    told = _Telling(connection)
    try:
        if missing := without_dataset(request):
            return Event(state="not evaluated", message=missing)
        _imported(trainer)(request, told)
    except UserError as error:
        print(error, file=sys.stderr)
        return Event(state="failed", epochs=told.epochs, message=str(error))
    except Exception as error:  # whatever it is, it is this cell's alone: the log has the traceback
        traceback.print_exc()
        return Event(state="died", epochs=told.epochs, message=f"{type(error).__name__}: {error}")
    return Event(state="finished", epochs=told.epochs)


class _Telling(Listener):
    """Tells of every finished epoch, and lets the training go on once it was heard."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.epochs = 0

    def epoch(self, rows: Any, outlook: Any) -> None:
        self.epochs = len(rows)
        self._connection.send(Event(state="running", epochs=self.epochs))
        self._connection.recv()


def _imported(trainer: str) -> Any:
    module, _, name = trainer.partition(":")
    return getattr(import_module(module), name)


def _divert(log: str) -> None:
    """Send standard output and error of this process, also those of native code, to a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
