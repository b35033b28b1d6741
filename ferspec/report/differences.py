"""Where two documents that should be the same depart from each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ferspec import spec
from ferspec.engine import Finding, Status


def first_difference(stated: Any, follows: Any, likely: str = "the document was edited") -> Finding:
    """Compare two documents leaf by leaf; fail at the first that departs by more than rounding (FER-X-03)."""
    rounding = spec.load().value("FER-X-03", "tolerance")
    for path, left, right in _leaves(stated, follows, rounding):
        return Finding(
            status=Status.FAIL,
            observed=f"{path} = {left}",
            expected=f"{path} = {right}",
            difference=left - right if _is_number(left) and _is_number(right) else None,
            likely=likely,
        )
    return Finding(status=Status.PASS)


def _leaves(stated: Any, follows: Any, rounding: float, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the leaves in which two documents differ."""
    if isinstance(stated, dict) and isinstance(follows, dict):
        for key in stated | follows:
            yield from _leaves(stated.get(key), follows.get(key), rounding, f"{path}.{key}".lstrip("."))
    elif isinstance(stated, list | tuple) and isinstance(follows, list | tuple):
        if len(stated) != len(follows):
            yield f"{path}, number of entries", len(stated), len(follows)
            return
        for position, pair in enumerate(zip(stated, follows, strict=True)):
            yield from _leaves(*pair, rounding, f"{path}[{position}]")
    elif _is_number(stated) and _is_number(follows):
        if not abs(stated - follows) <= rounding:
            yield path, stated, follows
    elif stated != follows:
        yield path, stated, follows


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
