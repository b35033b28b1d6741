"""Exchange messages with one sandboxed worker, and handle every way it can misbehave."""

from __future__ import annotations

import queue
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, cast

import numpy as np

from ferspec.subjects.sandbox.ending import PATIENCE
from ferspec.subjects.sandbox.messages import HEADER, Header, Kind, Malformed, fill, pack, plain_text, send, unpack
from ferspec.subjects.sandbox.pipes import widen
from ferspec.subjects.sandbox.policy import Policy
from ferspec.subjects.sandbox.reading import MOST_BYTES, TailReader
from ferspec.subjects.sandbox.running import Sandboxed
from ferspec.subjects.sandbox.start import start

GRACE = 1.0
FLOODED = f"printed more than {MOST_BYTES >> 20} MiB during one request"
LIMITED = ("time", "output")


class Fault(Exception):
    """Explain how a worker ended or misbehaved. It has been killed, with everything it started."""


class Channel:
    """Run a worker in a sandbox, and end it with the channel.

    ``total`` limits the seconds of all exchanges and the pauses between them. Raise ``OSError`` if it cannot be
    started. After a ``Fault``, every further exchange raises the same one.
    """

    def __init__(
        self, words: Sequence[str], policy: Policy, environment: Mapping[str, str], total: float = float("inf")
    ) -> None:
        sandboxed = start(words, policy, environment)
        self._sandboxed = sandboxed
        self.pid = sandboxed.process.pid
        self.isolation = sandboxed.isolation.model_copy(update={"limits": (*sandboxed.isolation.limits, *LIMITED)})
        self._ends = time.monotonic() + total
        self._input = cast("IO[bytes]", sandboxed.process.stdin)
        output = cast("IO[bytes]", sandboxed.process.stdout)
        for pipe in (self._input, output):
            widen(pipe)
        self._answers = AnswerReader(output)
        # also ends the worker when the judge drops the channel, or exits
        self._writers: list[threading.Thread] = []
        self._end = weakref.finalize(self, _end, sandboxed, self._input, self._writers, self._answers)
        self._errors = TailReader(cast("IO[bytes]", sandboxed.process.stderr), self._end)
        self._fault: str | None = None

    def exchange(
        self, kind: Kind, content: bytes | np.ndarray, seconds: float, accept: Callable[[Header], None]
    ) -> tuple[Header, bytearray]:
        """Send a request and return the header and the content of its answer.

        ``accept`` raises ``Malformed`` for a header that does not fit the request; the content is only read
        afterwards. Raise ``Fault`` for an answer before the request or with another number, for no answer within
        ``seconds``, for too much text on standard error, and for the end of the worker.
        """
        if self._fault is not None:
            raise Fault(self._fault)
        try:
            return self._exchange(kind, content, seconds, accept)
        except Malformed as error:
            raise self._failed(str(error)) from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the worker with everything it started, and remove all it wrote."""
        self._end()
        # this thread may be ending it at this moment, because the worker printed too much
        self._errors.join(PATIENCE)

    def _exchange(
        self, kind: Kind, content: bytes | np.ndarray, seconds: float, accept: Callable[[Header], None]
    ) -> tuple[Header, bytearray]:
        if not self._answers.headers.empty():
            if self._answers.headers.get() is None:
                raise self._failed(self._why_ended())
            raise Malformed("answered before it was asked")
        deadline = min(time.monotonic() + seconds, self._ends)
        self._errors.remaining = MOST_BYTES
        # a worker that answers early would have to guess this number
        number = secrets.randbits(32)
        parts = pack(kind, number, content)
        # in a thread, since a worker that does not read would block the judge
        writer = threading.Thread(target=_write, args=(self._input, parts), daemon=True)
        self._writers[:] = [writer]
        writer.start()
        head = self._next(self._answers.headers, deadline, seconds)
        header = unpack(head)
        if header.number != number:
            raise Malformed("answered with the number of another request")
        accept(header)
        answer = bytearray(header.length)
        self._answers.wanted.put(answer)
        self._next(self._answers.filled, deadline, seconds)
        writer.join(GRACE)
        if writer.is_alive():
            raise Malformed("answered before it had read the request")
        if self._errors.remaining <= 0:
            # its answer is about the pipe that was closed
            raise Malformed(FLOODED)
        return header, answer

    def _next(self, waiting: queue.Queue[bytes | None], deadline: float, seconds: float) -> bytes:
        try:
            data = waiting.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            within = f"{seconds:g} s" if deadline < self._ends else "the total time limit"
            raise self._failed(f"gave no answer within {within}") from None
        if data is None:
            raise self._failed(self._why_ended())
        return data

    def _failed(self, reason: str) -> Fault:
        """Kill the worker and return the fault, with the last line that the worker printed."""
        self.close()
        line = plain_text(self._errors.error_line())
        self._fault = f"{reason}; the last line that it printed: {line}" if line else reason
        return Fault(self._fault)

    def _why_ended(self) -> str:
        if self._errors.remaining <= 0:
            return FLOODED
        return f"{self._sandboxed.why_ended()} without an answer"


class AnswerReader(threading.Thread):
    """Read headers of answers, and a content only once the judge wants it.

    ``headers`` and ``filled`` get None at the end of the stream.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        # not SimpleQueue: its get can ignore a short timeout and wait forever when an item has just been taken
        self.headers: queue.Queue[bytes | None] = queue.Queue()
        self.wanted: queue.Queue[bytearray | None] = queue.Queue()
        self.filled: queue.Queue[bytes | None] = queue.Queue()
        self._stream = stream
        self.start()

    def run(self) -> None:
        with self._stream as stream:
            while fill(stream, head := bytearray(HEADER.size)):
                self.headers.put(bytes(head))
                content = self.wanted.get()
                if content is None or not fill(stream, content):
                    break
                self.filled.put(b"")
        self.headers.put(None)
        self.filled.put(None)


def _write(stream: IO[bytes], parts: Sequence[bytes | memoryview]) -> None:
    # reading the answer reports a worker that has ended
    with suppress(OSError, ValueError):
        send(stream, parts)


def _end(sandboxed: Sandboxed, requests: IO[bytes], writers: list[threading.Thread], answers: AnswerReader) -> None:
    sandboxed.end()
    answers.wanted.put(None)
    for writer in writers:
        # it must stop before another file can reuse the file descriptor
        writer.join(GRACE)
    with suppress(OSError):
        requests.close()
