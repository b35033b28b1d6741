"""Parse untrusted JSON and TOML: finite numbers, integers of 64 bits, and bounded nesting."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable
from typing import Any

# our deepest document, a certificate, has 7 levels; recursive code fails at several hundred
DEEPEST = 32
# every count, size and seed fits into 64 bits, and Python's limit on digits can be lifted by its user
LONGEST_INTEGER = 18
SHOWN = 20
# in a sentence or a number; the parser takes the square of their number, in time and memory, for a dotted key
MOST_DOTS = 100


def parse_json(content: bytes, nan: bool = False) -> Any:
    """Parse JSON in UTF-8, with or without a byte order mark.

    ``ValueError``, in one line, for other content, the constants NaN and Infinity (unless ``nan`` is true), a number
    that is too large for a float, an integer of more than ``LONGEST_INTEGER`` digits, and more than ``DEEPEST`` levels.
    """
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_constant=float if nan else _refused,
            parse_float=_finite,
            parse_int=_integer,
        )
    except RecursionError:
        raise _too_deep() from None
    if is_nested_deeper(document, DEEPEST):
        raise _too_deep()
    return document


def parse_toml(content: bytes) -> dict[str, Any]:
    """Parse TOML in UTF-8, with or without a byte order mark.

    ``ValueError``, in one line, for other content, a line of more than ``MOST_DOTS`` dots, and more than ``DEEPEST``
    levels. TOML has words for infinite numbers, which are left to the reader.
    """
    text = content.decode("utf-8-sig")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > MOST_DOTS:
            raise ValueError(f"line {number} has more than {MOST_DOTS} dots")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    if is_nested_deeper(document, DEEPEST):
        raise _too_deep()
    return document


def is_nested_deeper(value: Any, levels: int) -> bool:
    """Return whether lists and dictionaries are nested deeper than ``levels``, without recursion."""
    level = [value]
    for _ in range(levels):
        level = [inner for outer in level if _is_container(outer) for inner in _inside(outer) if _is_container(inner)]
    return any(map(_is_container, level))


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _too_deep() -> ValueError:
    return ValueError(f"it is nested deeper than {DEEPEST} levels")


def _refused(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:SHOWN]} is too large for a number")
    return number


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > LONGEST_INTEGER:
        raise ValueError(f"{text[:SHOWN]}… is an integer of {len(text):,} digits: at most {LONGEST_INTEGER} are read")
    return int(text)
