"""Compare two documents that should be equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differing_leaves(stated: Any, follows: Any, rounding: float, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path and both values of every leaf that differs; numbers may differ by ``rounding``."""
    if isinstance(stated, dict) and isinstance(follows, dict):
        for key in stated | follows:
            yield from differing_leaves(stated.get(key), follows.get(key), rounding, f"{path}.{key}".lstrip("."))
    elif isinstance(stated, list | tuple) and isinstance(follows, list | tuple):
        if len(stated) != len(follows):
            yield f"{path}, number of entries", len(stated), len(follows)
            return
        for position, pair in enumerate(zip(stated, follows, strict=True)):
            yield from differing_leaves(*pair, rounding, f"{path}[{position}]")
    elif is_number(stated) and is_number(follows):
        if not abs(stated - follows) <= rounding:
            yield path, stated, follows
    elif stated != follows or isinstance(stated, bool) != isinstance(follows, bool):
        yield path, stated, follows


def is_number(value: Any) -> bool:
    """Return whether a leaf is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
