"""Narrows an optional value that a caller has already established."""

from typing import TypeVar

T = TypeVar("T")


def required(value: T | None) -> T:
    """Return a value that must exist, such as what a check's ``needs`` guarantee.

    ``RuntimeError`` for None: a defect of this package, not of a subject.
    """
    if value is None:
        raise RuntimeError("a required value is None: a check may lack an entry in its needs")
    return value
