"""Shorten lists of names for messages and notes."""

from collections.abc import Iterable


def first_few(texts: Iterable[object], separator: str = ", ", count: int = 3) -> str:
    """Join the first ``count`` texts, followed by an ellipsis if there are more."""
    listed = list(map(str, texts))
    return separator.join(listed[:count] + ["…"] * (len(listed) > count))
