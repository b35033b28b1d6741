"""Progress of long work."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, the amount done, and the total."""

StepProgress = Callable[[int, int], None]
"""Called with the amount done of the current step, and the total."""


def tell(progress: Progress, lines: Iterable[str]) -> None:
    """Show lines that stay, on a display of progress that has a method ``line``."""
    line = getattr(progress, "line", None)
    if line is not None:
        for text in lines:
            line(text)


def silent(step: str, done: int, total: int) -> None:
    """Report no progress."""
