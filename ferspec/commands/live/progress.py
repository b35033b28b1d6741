"""Progress of long work: a bar with time left on a terminal, a few plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ferspec.report.words import shorten

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 10
LONGEST = 400


@contextmanager
def progress() -> Iterator[Lines | Bars]:
    """Yield a function of (step, done, total) that shows progress; its ``line`` prints a permanent line."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<15}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Bars(bars)


class Bars:
    """A bar for each step, which restarts with the step."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total)
        task = self._bars.tasks[self._tasks[step]]
        if done < task.completed:
            self._bars.reset(task.id)
        self._bars.update(task.id, completed=done, total=total)

    def line(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(shorten(text, LONGEST), highlight=False, markup=False, soft_wrap=True)


class Lines:
    """A line every ten seconds: short work prints nothing, and a log stays readable."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self.line(f"{step}: {done:,} of {total:,}")

    def line(self, text: str) -> None:
        """Print a line; where standard error cannot be written to, the result is the same."""
        with suppress(OSError):
            print(shorten(text, LONGEST), file=sys.stderr, flush=True)
