"""Exchange lines with one running process, and handle every way it can misbehave."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

from ferspec.subjects.implementations.processes.access import Access
from ferspec.subjects.implementations.processes.messages import HINT, Misbehaviour
from ferspec.subjects.sandbox.reading import CHUNK, MOST_BYTES, TailReader, excerpt
from ferspec.subjects.sandbox.start import start

# limit on lines without a request
MOST_WAITING = 100
GRACE = 1.0


class Channel:
    """Run a process in a sandbox. End it and its descendants with the channel.

    Raise ``OSError`` if it cannot be started.
    """

    def __init__(self, words: Sequence[str], access: Access) -> None:
        self._sandboxed = start(words, access.policy, access.environment)
        self.isolation = self._sandboxed.isolation
        self._process = self._sandboxed.process
        self.pid = self._process.pid
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = LineReader(cast("IO[bytes]", self._process.stdout))
        self._errors = TailReader(cast("IO[bytes]", self._process.stderr), self._sandboxed.kill)
        self._writer: threading.Thread | None = None

    def exchange(self, line: bytes, seconds: float) -> bytes:
        """Write a line and return the next line that is not blank.

        Raise ``Misbehaviour`` if a line is already waiting, no line arrives within ``seconds``, the process ends, or
        it writes more than ``MOST_BYTES``.
        """
        self.settle(0)
        deadline = time.monotonic() + seconds
        self._output.remaining = self._errors.remaining = MOST_BYTES
        # in a thread, since a process that does not read would block the judge
        self._writer = threading.Thread(target=_write, args=(self._input, line), daemon=True)
        self._writer.start()
        try:
            answer = self._output.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            hint = " (it began a line but did not end it)" if self._output.begun else ""
            raise Misbehaviour(f"no answer within {seconds:g} s{hint}{self._error_output()}") from None
        if answer is None:
            raise Misbehaviour(self._why_ended() + self._error_output())
        return answer

    def settle(self, seconds: float) -> None:
        """Wait ``seconds`` for silence. Raise ``Misbehaviour`` for any output, as no request is open."""
        line = None
        with suppress(queue.Empty):
            line = self._output.lines.get(timeout=seconds)
            if line is None:
                # the next request reports the end of the process
                self._output.lines.put(None)
        if line is not None:
            raise Misbehaviour(f"wrote {excerpt(line)} without a request ({HINT})")
        if self._output.begun:
            raise Misbehaviour(f"began a line without a request ({HINT})")

    def close(self) -> None:
        """Close the input, and kill the process unless it ends within ``GRACE`` seconds.

        Raise ``Misbehaviour`` if it wrote anything after its last answer.
        """
        with suppress(OSError):
            self._input.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self.kill()
        self._output.join(GRACE)
        self.settle(0)

    def kill(self) -> None:
        """Kill the process and wait until it has ended."""
        self._sandboxed.end()
        if self._writer is not None:
            # the writer must stop before another file can reuse the file descriptor
            self._writer.join(GRACE)
        with suppress(OSError):
            self._input.close()

    def _why_ended(self) -> str:
        if self._output.remaining <= 0:
            return f"wrote more than {MOST_BYTES >> 20} MiB to standard output without finishing an answer"
        if self._errors.remaining <= 0:
            return f"wrote more than {MOST_BYTES >> 20} MiB to standard error during one request"
        why = self._sandboxed.why_ended()
        if self._process.poll() is not None:
            self._errors.join(GRACE)
        return f"the process {why} without an answer"

    def _error_output(self) -> str:
        line = self._errors.error_line()
        return f"; on standard error: {line}" if line else ""


class LineReader(threading.Thread):
    """Queue the non-blank lines of a stream, then None at its end.

    Stop after ``remaining`` bytes, or when ``MOST_WAITING`` lines are waiting.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        # not SimpleQueue: its get can ignore a short timeout and wait forever when a line has just been taken
        self.lines: queue.Queue[bytes | None] = queue.Queue()
        self.remaining = MOST_BYTES
        self.begun = False
        self._stream = stream
        self.start()

    def run(self) -> None:
        parts: list[bytes] = []
        with self._stream as stream:
            while self.remaining > 0 and self.lines.qsize() < MOST_WAITING and (chunk := stream.read(CHUNK)):
                self.remaining -= len(chunk)
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    if line := b"".join((*parts, end)).strip():
                        self.lines.put(line)
                    parts = []
                parts.append(rest)
                self.begun = bool(rest.strip()) or (self.begun and not ends)
        self.lines.put(None)


def _write(stream: IO[bytes], line: bytes) -> None:
    rest = memoryview(line)
    # reading the answer reports a process that has ended
    with suppress(OSError, ValueError):
        while rest:
            rest = rest[stream.write(rest) :]
