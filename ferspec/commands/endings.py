"""Say why a command ended early: one line on standard error, and with ``--json`` an object on standard output."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from ferspec.errors import one_line

Kind = Literal["usage", "input", "subject", "system", "interrupted", "defect"]

# the input or the machine needs a correction
REFUSED = 2
# a defect of ferspec, which keeps its traceback (EX_SOFTWARE in sysexits.h)
DEFECT = 70
# what shells expect after Ctrl-C
INTERRUPTED = 130
# a message may quote untrusted text
LONGEST_MESSAGE = 1000
NOTHING_KEPT = "nothing was kept; the same command starts over"


class Stopped(Exception):
    """Ctrl-C ended a command; the text says what was kept, and how to resume."""


@contextmanager
def saying_what_is_kept(kept: Callable[[], str]) -> Iterator[None]:
    """Turn Ctrl-C into ``Stopped`` with the text of ``kept``."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(kept()) from None


def ended(kind: Kind, message: str, status: int) -> int:
    """Say why a command ended early, without control characters, and return its exit status."""
    from ferspec.report.words import shorten

    said = shorten(message, LONGEST_MESSAGE)
    # the exit status says it too where a stream cannot be written to
    with suppress(OSError):
        print(f"ferspec: {said}", file=sys.stderr, flush=True)
    if asks_for_json(sys.argv[1:]):
        with suppress(OSError):
            print(json.dumps({"error": said, "kind": kind, "status": status}))
    return status


def refused(message: str, kind: Kind = "input") -> int:
    """Say what needs a correction, and return exit status 2."""
    return ended(kind, message, REFUSED)


def interrupted(kept: str = NOTHING_KEPT) -> int:
    """Say what was kept after Ctrl-C, and return the exit status."""
    return ended("interrupted", f"interrupted: {kept}", INTERRUPTED)


def defect(error: Exception) -> int:
    """Print the traceback of a defect of ferspec, and return its exit status."""
    with suppress(OSError):
        traceback.print_exc()
    return ended("defect", f"a defect of ferspec: {one_line(error)}", DEFECT)


def asks_for_json(words: list[str]) -> bool:
    """Return whether a command line has the option ``--json``, even one that cannot be parsed."""
    return "--json" in (words[: words.index("--")] if "--" in words else words)
