"""Keep the end of the text that a process writes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import IO

from ferspec.subjects.sandbox.messages import plain_text

MOST_BYTES = 8 << 20
CHUNK = 64 << 10
KEPT = 4 << 10
SHOWN = 160
# a line that names an error, but not a line of a stack trace ("at new NodeError")
ERROR_LINE = re.compile(r"(?!\s*at ).*Error")


class TailReader(threading.Thread):
    """Read a stream to its end and keep its last ``KEPT`` bytes.

    Call ``overflow`` once more than ``remaining`` bytes were read.
    """

    def __init__(self, stream: IO[bytes], overflow: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.remaining = MOST_BYTES
        self._end = b""
        self._stream = stream
        self._overflow = overflow
        self.start()

    def run(self) -> None:
        with self._stream as stream:
            while self.remaining > 0 and (chunk := stream.read(CHUNK)):
                self.remaining -= len(chunk)
                self._end = (self._end + chunk)[-KEPT:]
        if self.remaining <= 0:
            self._overflow()

    def error_line(self) -> str:
        """Return the last line that names an error, or else the last one with text."""
        lines = [line for line in self._end.decode(errors="replace").splitlines() if line.strip()]
        line = plain_text(next(filter(ERROR_LINE.match, reversed(lines)), lines[-1] if lines else ""))
        return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
