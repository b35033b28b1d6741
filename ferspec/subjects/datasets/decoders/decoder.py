"""Ask one decoder process, and end it at its first fault."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO, cast

import numpy as np

import ferspec
from ferspec.subjects.datasets.decode import MAX_PIXELS
from ferspec.subjects.datasets.decoders.messages import (
    ANSWER,
    CHANNELS,
    READY,
    Broken,
    Request,
    read_answer,
    text_of,
    write_parts,
)
from ferspec.subjects.sandbox import Policy, start

# Pillow holds an image of MAX_PIXELS about three times
MEMORY = 2 << 30
POLICY = Policy(memory=MEMORY)
# NumPy starts threads for linear algebra, which decoding does not need
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
PROGRAM = "import sys; sys.path[:] = {path!r}; from ferspec.subjects.datasets.decoders.serve import main; main()"
PIPE_BYTES = 1 << 20
GRACE = 1.0


class Refused(Exception):
    """The file cannot be decoded; the text says why."""


class Fault(Exception):
    """The decoder ended, or gave an answer that is not one; the text says how."""


class Decoder:
    """Run one process that decodes image files; it reads nothing but its standard input.

    Each answer is due within ``seconds``. Raise ``OSError`` if the process cannot be started, and ``RuntimeError`` if
    it does not begin.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._sandboxed = start(_words(), POLICY, ONE_THREAD)
        self._input = cast("IO[bytes]", self._sandboxed.process.stdin)
        self._output = cast("IO[bytes]", self._sandboxed.process.stdout)
        self._number = 0
        self._begun = False
        self._ending = threading.Lock()
        self._ended = False
        self._late = False
        self._deadline = float("inf")
        for stream in (self._input, self._output):
            _widen(stream)

    def ask(self, data: bytes, turned: bool) -> np.ndarray:
        """Return the pixels (h, w, 3) uint8 of an image file.

        Raise ``Refused`` for a file that cannot be decoded. Raise ``Fault``, after which the decoder has ended, for
        anything but an answer.
        """
        self._deadline = time.monotonic() + self._seconds
        try:
            if not self._begun:
                self._begin()
            self._number += 1
            return self._ask(Request(self._number, turned, len(data)), data)
        except (Broken, EOFError, OSError) as error:
            reason = self._why(error)
            self.end()
            if not self._begun:
                raise RuntimeError(f"a decoder of images did not begin: it {reason}") from error
            raise Fault(reason) from error
        except Refused:
            raise
        except BaseException:
            self.end()
            raise
        finally:
            self._deadline = float("inf")

    def end_if_late(self) -> None:
        """End the process if its answer is overdue. Another thread may be waiting for the answer."""
        if time.monotonic() > self._deadline:
            self._late = True
            self._kill()

    def end(self) -> None:
        """End the process and close its streams."""
        self._kill()
        process = self._sandboxed.process
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _begin(self) -> None:
        """Wait until the process has imported what it needs, so that no image is blamed for a failure before."""
        read_answer(self._read(ANSWER.size).tobytes(), READY.number, MAX_PIXELS)
        self._begun = True

    def _ask(self, request: Request, data: bytes) -> np.ndarray:
        write_parts(self._input, request.header(), data)
        answer = read_answer(self._read(ANSWER.size).tobytes(), request.number, MAX_PIXELS)
        payload = self._read(answer.length)
        if answer.refuses:
            raise Refused(text_of(payload.tobytes()))
        return payload.reshape(answer.height, answer.width, CHANNELS)

    def _read(self, size: int) -> np.ndarray:
        payload = np.empty(size, np.uint8)
        rest = payload.data
        while rest:
            count = self._output.readinto(rest)  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            rest = rest[count:]
        return payload

    def _why(self, error: Exception) -> str:
        """Return how the decoder failed, in words that follow "the decoder"."""
        if self._late:
            return f"gave no answer within {self._seconds:g} s"
        if isinstance(error, Broken):
            return f"misbehaved: {error}"
        try:
            self._sandboxed.process.wait(GRACE)
        except TimeoutExpired:
            return "closed its output without an answer"
        return self._sandboxed.why_ended()

    def _kill(self) -> None:
        with self._ending:
            if not self._ended:
                self._ended = True
                self._sandboxed.end()


def _words() -> list[str]:
    """Return the command of a decoder, which finds packages where this process does."""
    path = [entry for entry in sys.path if entry]
    home = str(Path(ferspec.__file__).parents[1])
    return [sys.executable, "-I", "-S", "-B", "-c", PROGRAM.format(path=path if home in path else [*path, home])]


def _widen(stream: IO[bytes]) -> None:
    """Let a pipe hold an image, so that the two processes alternate less often."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
