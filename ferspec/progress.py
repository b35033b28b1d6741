"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and how much there is."""

StepProgress = Callable[[int, int], None]
"""Called with how much of the one step at hand is done, and how much there is."""


def silent(step: str, done: int, total: int) -> None:
    """Report no progress."""
