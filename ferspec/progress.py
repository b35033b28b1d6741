"""Progress of long work."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, the amount done, and the total."""

StepProgress = Callable[[int, int], None]
"""Called with the amount done of the current step, and the total."""


def silent(step: str, done: int, total: int) -> None:
    """Report no progress."""
