"""One running process, lines written to it and read from it, whatever it does."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from ferspec.subjects.processes.messages import Misbehaviour, excerpt

MOST_BYTES = 64 << 20
CHUNK = 64 << 10
KEPT = 4 << 10
GRACE = 1.0


class Channel:
    """A process in a group of its own, which ends with the channel, whole; ``OSError`` where it cannot be started."""

    def __init__(self, words: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True)
        self.pid = self._process.pid
        # also where the judge ends without closing, as on an error of its own
        self.kill = weakref.finalize(self, _kill, self._process)
        self._output = Lines(self._process.stdout)
        self._errors = Tail(self._process.stderr, self.kill)

    def exchange(self, line: bytes, seconds: float) -> bytes:
        """Write a line and return the next line that is no blank one.

        ``Misbehaviour`` where none comes in time, the process ends, or it writes more than ``MOST_BYTES`` meanwhile.
        """
        deadline = time.monotonic() + seconds
        self._output.left = self._errors.left = MOST_BYTES
        # in a thread, since a process that does not read would block the judge
        threading.Thread(target=_write, args=(self._process.stdin, line), daemon=True).start()
        try:
            answer = b""
            while not answer.strip():
                answer = self._output.lines.get(timeout=max(0.0, deadline - time.monotonic()))
                if answer is None:
                    raise Misbehaviour(self._why_ended() + self._last_words())
        except queue.Empty:
            hint = " (a line was begun and not ended)" if self._output.begun else ""
            raise Misbehaviour(f"no answer within {seconds:g} s{hint}{self._last_words()}") from None
        return answer

    def close(self) -> None:
        """End the process: at the end of its input, as it should, or else by force."""
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self.kill()

    def _why_ended(self) -> str:
        if self._output.left <= 0:
            return f"wrote more than {MOST_BYTES >> 20} MiB on standard output without finishing an answer"
        if self._errors.left <= 0:
            return f"wrote more than {MOST_BYTES >> 20} MiB on standard error during one request"
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return "closed its standard output without an answer"
        self._errors.join(GRACE)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
        return f"the process {how} without an answer"

    def _last_words(self) -> str:
        words = self._errors.last_line()
        return f"; its last line on standard error: {words}" if words else ""


class Lines(threading.Thread):
    """Reads lines as they come, until so many bytes were read that are ``left``; None ends them."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(daemon=True)
        self.lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.left = MOST_BYTES
        self.begun = False
        self._stream = stream
        self.start()

    def run(self) -> None:
        parts: list[bytes] = []
        with self._stream as stream:
            while self.left > 0 and (chunk := stream.read(CHUNK)):
                self.left -= len(chunk)
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    self.lines.put(b"".join((*parts, end)))
                    parts = []
                parts.append(rest)
                self.begun = any(parts)
        self.lines.put(None)


class Tail(threading.Thread):
    """Reads all there is, so that nothing blocks, keeps the end of it, and calls ``flooded`` where it is too much."""

    def __init__(self, stream: BinaryIO, flooded: weakref.finalize) -> None:
        super().__init__(daemon=True)
        self.left = MOST_BYTES
        self._end = b""
        self._stream = stream
        self._flooded = flooded
        self.start()

    def run(self) -> None:
        with self._stream as stream:
            while self.left > 0 and (chunk := stream.read(CHUNK)):
                self.left -= len(chunk)
                self._end = (self._end + chunk)[-KEPT:]
        if self.left <= 0:
            self._flooded()

    def last_line(self) -> str:
        """Return the last line that says anything."""
        return next((excerpt(line, 160) for line in reversed(self._end.splitlines()) if line.strip()), "")


def _write(stream: BinaryIO, line: bytes) -> None:
    rest = memoryview(line)
    # a process that is gone is noticed where its answer is missed
    with suppress(OSError, ValueError):
        while rest:
            rest = rest[stream.write(rest) :]


def _kill(process: subprocess.Popen) -> None:
    """End a process and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    with suppress(OSError):
        process.stdin.close()
