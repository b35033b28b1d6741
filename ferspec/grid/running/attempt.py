"""Attempts one training in its own process, which may crash or hang."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Generator
from contextlib import closing
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.grid.running.jobs import Event, Limits, missing_dataset
from ferspec.grid.training.train import Request
from ferspec.reference.training.fit import Listener
from ferspec.subjects.started import end_with_parent

LAST_LINES, LONGEST = 30, 64 << 10
LONGEST_WAIT = 86_400.0


def attempt(request: Request, limits: Limits) -> Generator[Event, None, None]:
    """Yield the events of a training in a new process, from ``running`` to its end.

    The training waits while an event is handled, except after the first, so its folder does not change. Closing the
    generator ends the process; a process whose parent is gone ends itself.
    """
    with tempfile.TemporaryDirectory(prefix="ferspec-") as folder:
        log = Path(folder, "log.txt")
        with closing(_events(request, log, limits)) as events:
            for event in events:
                yield event if event.state == "running" else event.model_copy(update={"log": _last_lines(log)})


def _events(request: Request, log: Path, limits: Limits) -> Generator[Event, None, None]:
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
        process.join(_remaining(limits, began))
        yield _without_answer(process.exitcode, epochs, limits)
    except BrokenPipeError:
        process.join()
        yield _without_answer(process.exitcode, epochs, limits)
    finally:
        process.kill()
        process.join()
        ours.close()


def _last_lines(log: Path) -> str:
    """Return the last lines of a log; empty if it does not exist."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LONGEST))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-LAST_LINES:])


def _remaining(limits: Limits, began: float) -> float:
    """Return the remaining seconds of an attempt, at most the longest wait that systems accept."""
    remaining = math.inf if limits.seconds is None else began + limits.seconds - time.monotonic()
    return min(max(0.0, remaining), LONGEST_WAIT)


def _next(connection: Connection, limits: Limits, began: float) -> Event | None:
    """Return the next event, or None if the process ended or timed out."""
    try:
        while not connection.poll(_remaining(limits, began)):
            if not _remaining(limits, began):
                return None
        return connection.recv()
    except (EOFError, OSError):
        return None


def _without_answer(code: int | None, epochs: int, limits: Limits) -> Event:
    if code is None:
        message = f"not finished after {limits.seconds:g} s (--cell-timeout): finished epochs are kept"
        return Event(state="failed", epochs=epochs, message=message)
    end = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
    return Event(state="died", epochs=epochs, message=f"its process {end}")


def _work(connection: Connection, request: Request, log: str, trainer: str) -> None:
    """Train in the new process, and send the last event."""
    end_with_parent()
    # Ctrl-C reaches every process of a terminal; only the parent handles it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _divert(log)
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    connection.send(_end(connection, request, trainer))


def _end(connection: Connection, request: Request, trainer: str) -> Event:
    sender = _EpochSender(connection)
    try:
        if missing := missing_dataset(request):
            return Event(state="not evaluated", message=missing)
        _imported(trainer)(request, sender)
    except UserError as error:
        print(error, file=sys.stderr)
        return Event(state="failed", epochs=sender.epochs, message=str(error))
    except Exception as error:  # any error affects this cell only; the log has the traceback
        traceback.print_exc()
        return Event(state="died", epochs=sender.epochs, message=f"{type(error).__name__}: {error}")
    return Event(state="finished", epochs=sender.epochs)


class _EpochSender(Listener):
    """Sends an event after every epoch, and waits until the parent has handled it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.epochs = 0

    def begin(self, lines: Any) -> None:
        self._send(0, decided=lines)

    def resume(self, rows: Any) -> None:
        self._send(len(rows), resumes=True, message=f"resuming at epoch {len(rows)}")

    def epoch(self, rows: Any, outlook: Any) -> None:
        self._send(len(rows))

    def _send(self, epochs: int, **more: Any) -> None:
        self.epochs = epochs
        self._connection.send(Event(state="running", epochs=epochs, **more))
        self._connection.recv()


def _imported(trainer: str) -> Any:
    module, _, name = trainer.partition(":")
    return getattr(import_module(module), name)


def _divert(log: str) -> None:
    """Redirect standard output and error of this process, including native code, to a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
