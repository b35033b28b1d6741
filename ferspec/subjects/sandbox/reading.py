"""Read what an untrusted program writes to standard error: bounded, and as one line for people."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import IO, Any

MOST_BYTES = 8 << 20
CHUNK = 64 << 10
KEPT = 4 << 10
SHOWN = 80
# a line that names an error, but not a line of a stack trace ("at new NodeError")
ERROR_LINE = re.compile(r"(?!\s*at ).*Error")
# what changes colours, the title or the cursor of a terminal
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)


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
        return excerpt(next(filter(ERROR_LINE.match, reversed(lines)), lines[-1] if lines else ""), 160)


def excerpt(text: Any, length: int = SHOWN) -> str:
    """Return the first ``length`` characters of a text on one line, without control characters."""
    if isinstance(text, bytes):
        text = text[: 4 * length].decode(errors="replace")
    # JSON may hold an unpaired surrogate, which is not valid text
    text = " ".join(ESCAPE.sub("", str(text).encode(errors="replace").decode()).split())
    text = "".join(filter(str.isprintable, text))
    return text if len(text) <= length else f"{text[: length - 1]}…"
