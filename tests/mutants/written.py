"""Right statistics in another number format than double precision (FER-Z)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.implementation import Implementation
from mutants.kinds import right

CAPABILITIES = {
    "FER-Z-01": ("proportion_interval", "f1_interval", "calibration_interval", "compare"),
    "FER-Z-02": ("proportion_interval",),
    "FER-Z-03": ("f1_interval",),
    "FER-Z-04": ("calibration_error",),
    "FER-Z-05": ("named_mistakes",),
    "FER-Z-06": ("compare",),
    "FER-Z-07": ("negative_log_likelihood",),
    "FER-Z-08": ("calibration_interval",),
    "FER-Z-09": ("compare",),
    "FER-Z-13": ("group_intervals",),
    "FER-Z-14": ("sequential_decision",),
}
Number = Callable[[float], float]


def in_single_precision(number: float) -> float:
    return float(np.float32(number))


def with_fifteen_digits(number: float) -> float:
    return float(f"{number:.15g}")


def each_number(value: Any, change: Number) -> Any:
    """Return arguments or an answer with every number changed that has a point."""
    if isinstance(value, dict):
        return {name: each_number(entry, change) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [each_number(entry, change) for entry in value]
    return change(value) if isinstance(value, float) else value


def written(names: tuple[str, ...], change: Number) -> dict[str, Callable[..., Any]]:
    """Return capabilities that read and tell numbers so."""

    def capability(name: str) -> Callable[..., Any]:
        own = getattr(Implementation(), name)
        return lambda **asked: each_number(own(**each_number(asked, change)), change)

    return {name: capability(name) for name in names}


MUTANTS = tuple(
    right(clause, f"all numbers {how}", **written(names, change))
    for clause, names in CAPABILITIES.items()
    for how, change in {
        "in single precision": in_single_precision,
        "of fifteen digits": with_fifteen_digits,
    }.items()
)
