"""How a search for mistakes in a contract is planned: its stages, its cost, and the losses that it finds (FER-Z-05)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ferspec import spec
from ferspec.checks.model.race import Plan

Mode = Literal["quick", "full"]


def default_mode(size: Sequence[int]) -> Mode:
    """Return how thoroughly models of an input size are diagnosed by default: large ones quickly."""
    return "quick" if max(size) > spec.load().integer("FER-Z-05", "quick_above") else "full"


def found_loss(mode: Mode, n: int) -> float:
    """Return the least loss of accuracy that a search on n images finds."""
    book = spec.load()
    if mode == "quick":
        return book.number("FER-Z-05", "quick_loss")
    return _on(n, book.number("FER-Z-05", "full_loss"))


def plan_of(mode: Mode, n: int) -> Plan:
    """Return the plan of a race on n images."""
    book = spec.load()
    first, most = book.integer("FER-Z-05", "first"), book.integer("FER-Z-05", "passes") * n
    if mode == "quick":
        target, level = book.number("FER-Z-05", "quick_target"), book.number("FER-Z-05", "quick_level")
        return Plan(first, target, level, book.integer("FER-Z-05", "quick_images"), most)
    target, level = _on(n, book.number("FER-Z-05", "full_target")), book.number("FER-Z-05", "full_level")
    return Plan(max(first, n // first // first * first), target, level, most, most)


def _on(n: int, loss: float) -> float:
    """Return the loss on n images that is as easy to find."""
    return loss * math.sqrt(spec.load().number("FER-Z-05", "full_images") / n)
