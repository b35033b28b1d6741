"""Ask one decoder process, and end it at its first fault."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import IO, cast

import numpy as np

from ferspec.subjects.datasets.decode import MAX_PIXELS
from ferspec.subjects.datasets.decoders.serve import AS_STORED, DESCRIBE, UPRIGHT
from ferspec.subjects.sandbox.messages import (
    HEADER,
    MOST_TEXT,
    Header,
    Kind,
    Malformed,
    fill,
    pack,
    plain_text,
    send,
    unpack,
    values_of,
)
from ferspec.subjects.sandbox.pipes import widen
from ferspec.subjects.sandbox.policy import Policy
from ferspec.subjects.sandbox.python import python_words
from ferspec.subjects.sandbox.start import start

SERVE = "ferspec.subjects.datasets.decoders.serve"
# Pillow holds an image of MAX_PIXELS about three times
POLICY = Policy(memory=2 << 30)
# NumPy starts threads for linear algebra, which decoding does not need
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CHANNELS = 3
NEVER = float("inf")


class Refused(Exception):
    """Explain why a file cannot be decoded."""


class Fault(Exception):
    """Explain how the decoder failed at this file: it ended, or gave an invalid answer."""


class Interrupted(Exception):
    """Report that the decoder ended at an earlier file."""


class Decoder:
    """Run one process that decodes image files; it reads nothing but its standard input.

    Several threads may ask at once, so that the process never waits for its next file; it answers in their order. Each
    answer is due within ``seconds``. Raise ``OSError`` or ``RuntimeError`` if the process cannot be started.
    """

    def __init__(self, seconds: float) -> None:
        self._sandboxed = start(python_words(SERVE), POLICY, ONE_THREAD)
        self._input = cast("IO[bytes]", self._sandboxed.process.stdin)
        self._output = cast("IO[bytes]", self._sandboxed.process.stdout)
        for pipe in (self._input, self._output):
            widen(pipe)
        self._seconds = seconds
        self._sending = threading.Lock()
        self._turn = threading.Condition()
        self._sent = self._answered = 0
        self._deadline = NEVER
        self._is_late = False
        self.has_ended = False

    def ready(self) -> None:
        """Wait until the process is ready. A failure before is not blamed on an image."""
        with self._turn:
            try:
                self._receive(0, Kind.LOADED)
            except Fault as fault:
                raise RuntimeError(f"a decoder of images cannot be started: it {fault}") from fault

    def ask(self, data: bytes, turned: bool) -> np.ndarray:
        """Return the pixels (h, w, 3) uint8 of an image file.

        Raise ``Refused`` for a file that cannot be decoded, and ``Fault`` for anything but an answer, after which the
        decoder has ended. Raise ``Interrupted`` if it ends before.
        """
        return values_of(*self._answer((UPRIGHT if turned else AS_STORED) + data, Kind.VALUES))

    def describe(self, data: bytes) -> bytes:
        """Return the JSON of ``facts.described`` on an image file. Raise the exceptions of ``ask``."""
        return bytes(self._answer(DESCRIBE + data, Kind.LOADED)[1])

    def _answer(self, request: bytes, kind: Kind) -> tuple[Header, bytearray]:
        """Return the answer to a request, which must be of that kind."""
        with self._sending:
            self._sent += 1
            number = self._sent
            # reading the answer reports a process that has ended
            with suppress(OSError, ValueError):
                send(self._input, pack(Kind.RUN, number, request))
        with self._turn:
            self._turn.wait_for(lambda: self.has_ended or self._answered == number - 1)
            if self.has_ended:
                raise Interrupted
            try:
                header, content = self._receive(number, kind)
            finally:
                self._answered = number
                self._turn.notify_all()
        if header.kind is Kind.FAILED:
            raise Refused(plain_text(content))
        return header, content

    def end_if_late(self) -> None:
        """End the process if its answer is overdue. Another thread is waiting for the answer."""
        if time.monotonic() > self._deadline:
            self._is_late = True
            self._sandboxed.end()

    def end(self) -> None:
        """End the process and close its streams."""
        self.has_ended = True
        self._sandboxed.end()
        process = self._sandboxed.process
        # a thread that is sending ends with the process
        with self._sending:
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def _receive(self, number: int, kind: Kind) -> tuple[Header, bytearray]:
        """Read the next answer, of that kind. Raise ``Fault``, and end the process, for anything else."""
        self._deadline = time.monotonic() + self._seconds
        try:
            header = unpack(bytes(self._read(HEADER.size)))
            _require_answer(header, number, kind)
            return header, self._read(header.length)
        except (Malformed, EOFError, OSError) as error:
            reason = self._why(error)
            self.end()
            raise Fault(reason) from error
        except BaseException:
            self.end()
            raise
        finally:
            self._deadline = NEVER

    def _read(self, size: int) -> bytearray:
        if not fill(self._output, content := bytearray(size)):
            raise EOFError
        return content

    def _why(self, error: Exception) -> str:
        """Return how the decoder failed, in words that follow "the decoder"."""
        if self._is_late:
            return f"gave no answer within {self._seconds:g} s"
        if isinstance(error, Malformed):
            return str(error)
        return f"{self._sandboxed.why_ended()} without an answer"


def _require_answer(header: Header, number: int, kind: Kind) -> None:
    """Raise ``Malformed`` unless a header announces the pixels of an image, or a short text; text may be an error."""
    if header.number != number:
        raise Malformed(f"answered request {header.number} instead of {number}")
    is_text = header.kind is Kind.FAILED or header.kind is kind is Kind.LOADED
    if header.dtype is None and is_text:
        if header.length > MOST_TEXT:
            raise Malformed(f"announced a text of {header.length:,} bytes: at most {MOST_TEXT:,} are read")
        return
    height, width, channels = header.shape if len(header.shape) == 3 else (0, 0, 0)
    is_image = header.kind is kind is Kind.VALUES and header.dtype == np.uint8 and channels == CHANNELS
    if not is_image or not 0 < height * width <= MAX_PIXELS:
        raise Malformed(f"answered with values of shape {header.shape} instead of the pixels of an image")
