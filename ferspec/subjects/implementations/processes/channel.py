"""One running process, lines written to it and read from it, whatever it does."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from ferspec.subjects.implementations.processes.ending import end, marked_environment
from ferspec.subjects.implementations.processes.messages import HINT, Misbehaviour, excerpt

MOST_BYTES = 8 << 20
# lines that nobody asked for
MOST_WAITING = 100
CHUNK = 64 << 10
KEPT = 4 << 10
GRACE = 1.0
# those between SIGRTMIN and SIGRTMAX have no name
SIGNALS = {number.value: number.name for number in signal.Signals}
# the line of a crash that says what it is, and none of those that say where ("at new NodeError")
TELLING = re.compile(r"(?!\s*at ).*Error")


class Channel:
    """A process in a group of its own, which ends with the channel, and what it started with it.

    ``OSError`` where it cannot be started.
    """

    def __init__(self, words: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        environment, mark = marked_environment()
        self._process = subprocess.Popen(
            words, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True, env=environment
        )
        self.pid = self._process.pid
        # also where the judge ends without closing, as on an error of its own
        self._end = weakref.finalize(self, end, self._process, mark)
        self._output = Lines(self._process.stdout)
        self._errors = Tail(self._process.stderr, self._end)
        self._writer: threading.Thread | None = None

    def exchange(self, line: bytes, seconds: float) -> bytes:
        """Write a line and return the next line that is no blank one.

        ``Misbehaviour`` where a line waits already, none comes in time, the process ends, or it writes more than
        ``MOST_BYTES`` meanwhile.
        """
        self.settle(0)
        deadline = time.monotonic() + seconds
        self._output.left = self._errors.left = MOST_BYTES
        # in a thread, since a process that does not read would block the judge
        self._writer = threading.Thread(target=_write, args=(self._process.stdin, line), daemon=True)
        self._writer.start()
        try:
            answer = self._output.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            hint = " (a line was begun and not ended)" if self._output.begun else ""
            raise Misbehaviour(f"no answer within {seconds:g} s{hint}{self._last_words()}") from None
        if answer is None:
            raise Misbehaviour(self._why_ended() + self._last_words())
        return answer

    def settle(self, seconds: float) -> None:
        """Return where nothing is written for that long; ``Misbehaviour`` where something is: nobody asked for it."""
        line = None
        with suppress(queue.Empty):
            line = self._output.lines.get(timeout=seconds)
            if line is None:
                # an end is a fault of the request that finds it
                self._output.lines.put(None)
        if line is not None:
            raise Misbehaviour(f"wrote {excerpt(line)}, which nobody asked for ({HINT})")
        if self._output.begun:
            raise Misbehaviour(f"began a line that nobody asked for ({HINT})")

    def close(self) -> None:
        """End the process: at the end of its input, as it should, or else by force.

        ``Misbehaviour`` where it wrote anything since its last answer was read.
        """
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self.kill()
        self._output.join(GRACE)
        self.settle(0)

    def kill(self) -> None:
        """End the process by force, and return when it is gone."""
        self._end()
        # a flood may be ending it at this moment
        self._process.wait()
        if self._writer is not None:
            # it must not come to write into what is opened next, which may get the number of this closed file
            self._writer.join(GRACE)
        with suppress(OSError):
            self._process.stdin.close()

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
        how = f"was killed by {SIGNALS.get(-code, f'signal {-code}')}" if code < 0 else f"ended with exit status {code}"
        return f"the process {how} without an answer"

    def _last_words(self) -> str:
        words = self._errors.telling_line()
        return f"; on standard error: {words}" if words else ""


class Lines(threading.Thread):
    """Reads lines as they come, blank ones aside, until ``left`` bytes are read or too many wait; None ends them."""

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
            while self.left > 0 and self.lines.qsize() < MOST_WAITING and (chunk := stream.read(CHUNK)):
                self.left -= len(chunk)
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    if line := b"".join((*parts, end)).strip():
                        self.lines.put(line)
                    parts = []
                parts.append(rest)
                self.begun = bool(rest.strip()) or (self.begun and not ends)
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

    def telling_line(self) -> str:
        """Return the last line that names an error, or else the last that says anything."""
        lines = [line for line in self._end.decode(errors="replace").splitlines() if line.strip()]
        return excerpt(next(filter(TELLING.match, reversed(lines)), lines[-1] if lines else ""), 160)


def _write(stream: BinaryIO, line: bytes) -> None:
    rest = memoryview(line)
    # a process that is gone is noticed where its answer is missed
    with suppress(OSError, ValueError):
        while rest:
            rest = rest[stream.write(rest) :]
