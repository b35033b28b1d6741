"""Wrong rules for published metrics (FER-G-03) and for their agreement (FER-G-04)."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from ferspec.spec.records import Cell

Values = dict[str, float | None]
Published = dict[str, Values]
Rule = Callable[[Published], Published]
Agreement = Callable[[Sequence[float]], str]

# Typed as an independent witness of FER-G-04.
AGREE_BELOW, NEAR_UP_TO = 0.0125, 0.03


def published(cell: Cell) -> Published:
    """Return what is published of a cell, printed and released."""
    return {"printed": cell.printed.model_dump(), "released": cell.released.model_dump()}


def each_value(change: Callable[[float | None], float | None]) -> Rule:
    """Return a rule that changes value by value."""
    return lambda metrics: {
        kind: {name: change(value) for name, value in values.items()} for kind, values in metrics.items()
    }


def each_known(change: Callable[[float], float]) -> Rule:
    """Return a rule that changes every value that is known."""
    return each_value(lambda value: None if value is None else change(value))


def splits_exchanged(metrics: Published) -> Published:
    """Return the metrics of validation as those of BTFER, and the other way round."""
    other = {"val": "btfer", "btfer": "val"}

    def exchanged(name: str) -> str:
        split, _, metric = name.partition("_")
        return f"{other[split]}_{metric}"

    return {kind: {exchanged(name): value for name, value in values.items()} for kind, values in metrics.items()}


def agreement(
    measure: Callable[[Sequence[float]], float] = lambda distances: round(statistics.fmean(distances), 9),
    below: float = AGREE_BELOW,
    up_to: float = NEAR_UP_TO,
) -> Agreement:
    """Return the capability of that name, from what is measured and the two thresholds."""

    def capability(distances: Sequence[float]) -> str:
        value = measure(distances)
        return "agree" if value < below else "near" if value <= up_to else "differ"

    return capability


METRICS: Mapping[str, Rule] = {
    "print and reports are confused": lambda metrics: {
        "printed": metrics["released"],
        "released": metrics["printed"],
    },
    "0 stands for what is not known": each_value(lambda value: value or 0.0),
    "metrics are in percent, not shares of 1": each_known(lambda value: 100 * value),
    "metrics have one decimal": each_known(lambda value: round(value, 1)),
    "validation and BTFER are confused": splits_exchanged,
}
AGREEMENTS: Mapping[str, Agreement] = {
    "the largest distance decides, not the mean": agreement(max),
    "the median distance decides, not the mean": agreement(statistics.median),
    "distances are added up": agreement(sum),
}
