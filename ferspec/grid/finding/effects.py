"""Paired differences between cells, their mean with its interval, and the variance due to chance."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from ferspec import spec
from ferspec.grid.bands.spread import student
from ferspec.grid.finding.questions import Unit
from ferspec.grid.selection import select
from ferspec.spec.records import IDENTITY, Cell


@dataclass(frozen=True)
class Measured:
    """One metric of a cell: the mean over its runs, and its ``variance`` between runs."""

    cell: Cell
    value: float
    variance: float


@dataclass(frozen=True)
class Effect:
    """The difference of a pair of cells with their shared ``fields``; ``variance`` as in ``Measured``."""

    fields: tuple[tuple[str, object], ...]
    value: float
    variance: float

    @property
    def network(self) -> str:
        """The architecture of both cells; empty where the cells differ in it."""
        return str(dict(self.fields).get("architecture", ""))


class Average(NamedTuple):
    """A mean of values, and its variance due to the spread between runs."""

    value: float
    variance: float


@dataclass(frozen=True)
class Mean:
    """A mean of effects. ``half`` is the half width of its interval, ``variance`` its variance due to chance."""

    value: float
    variance: float
    half: float


Known = Mapping[str, Measured]

BALANCING = "balancing"


def replicated_dataset() -> str:
    """Return the dataset on which both balancings are the same configuration, trained twice (FER-G-05, FER-G-06)."""
    return spec.load().text("FER-G-06", "dataset")


def chosen(known: Known, where: str) -> list[Measured]:
    """Return the measured cells that an expression selects; all for an empty expression."""
    return [known[id] for id in selected(where) if id in known]


@cache
def selected(where: str) -> tuple[str, ...]:
    """Return the ids of the cells that an expression selects; all for an empty expression."""
    return tuple(cell.id for cell in select(spec.load().cells, (where,) if where.strip() else ()))


def mean_by_network(cells: Iterable[Measured]) -> dict[str, Average]:
    """Return the mean over the cells of every network, by a name such as ``VGG16-imagenet``."""
    rows: dict[str, list[Measured]] = {}
    for measured in cells:
        rows.setdefault(f"{measured.cell.architecture}-{measured.cell.weights}", []).append(measured)
    return {name: _average([(measured.value, measured.variance) for measured in row]) for name, row in rows.items()}


def effects(known: Known, where: str, worse: str, better: str, relative: bool = False) -> list[Effect]:
    """Return better minus worse for every pair of cells that differ in that field.

    ``relative`` effects are shares of the worse metric; pairs where it is 0 are skipped. Balancings are not compared on
    the dataset where both give the same weights (FER-G-05): their difference is chance.
    """
    field = worse.partition("=")[0]
    below = {_fields(measured.cell, field): measured for measured in chosen(known, f"{where} {worse}")}
    above = {_fields(measured.cell, field): measured for measured in chosen(known, f"{where} {better}")}
    same = ("dataset", replicated_dataset()) if field == BALANCING else None
    shared = [fields for fields in below if fields in above and same not in fields]
    if relative:
        return [Effect(fields, *_share(below[fields], above[fields])) for fields in shared if below[fields].value]
    return [Effect(fields, *_difference(below[fields], above[fields])) for fields in shared]


def contrasts(less: Iterable[Effect], more: Iterable[Effect], field: str) -> list[Effect]:
    """Return ``more`` minus ``less`` for every pair of effects that differ in one field."""
    low = {_without(effect.fields, field): effect for effect in less}
    high = {_without(effect.fields, field): effect for effect in more}
    return [
        Effect(fields, high[fields].value - low[fields].value, high[fields].variance + low[fields].variance)
        for fields in low
        if fields in high
    ]


def mean_of(pairs: Sequence[Effect], unit: Unit, level: float) -> Mean:
    """Return the mean over units with Student's interval; at least two units are needed."""
    units = _units(pairs, unit)
    error = statistics.stdev(mean for mean, _ in units) / math.sqrt(len(units))
    return Mean(*_average(units), half=student(len(units) - 1, level) * error)


def mean_difference(less: Sequence[Effect], more: Sequence[Effect], unit: Unit, level: float) -> Mean:
    """Return the difference of the means of two groups with Welch's interval. Each needs at least two units."""
    groups = [_units(group, unit) for group in (less, more)]
    low, high = (_average(units) for units in groups)
    errors = [statistics.variance(mean for mean, _ in units) / len(units) for units in groups]
    terms = [error**2 / (len(units) - 1) for error, units in zip(errors, groups, strict=True)]
    freedom = sum(errors) ** 2 / sum(terms) if any(terms) else 1.0
    return Mean(
        value=high.value - low.value,
        variance=high.variance + low.variance,
        half=student(freedom, level) * math.sqrt(sum(errors)),
    )


def count_units(pairs: Sequence[Effect], unit: Unit) -> int:
    """Return the number of units: of pairs, or of networks."""
    return len(_units(pairs, unit))


def _units(pairs: Sequence[Effect], unit: Unit) -> list[Average]:
    """Return every pair, or the average over the pairs of every network."""
    groups: dict[object, list[Average]] = {}
    for effect in pairs:
        name = effect.fields if unit == "pair" else effect.network
        groups.setdefault(name, []).append(Average(effect.value, effect.variance))
    return [_average(group) for group in groups.values()]


def _average(values: Sequence[tuple[float, float]]) -> Average:
    """Return the mean of independent values, and its variance."""
    count = len(values)
    return Average(statistics.fmean(value for value, _ in values), sum(variance for _, variance in values) / count**2)


def _difference(below: Measured, above: Measured) -> tuple[float, float]:
    return above.value - below.value, above.variance + below.variance


def _share(below: Measured, above: Measured) -> tuple[float, float]:
    """Return the difference relative to the lower metric, and its first-order variance."""
    ratio = above.value / below.value
    return ratio - 1, (above.variance + ratio**2 * below.variance) / below.value**2


def _fields(cell: Cell, without: str) -> tuple[tuple[str, object], ...]:
    return tuple((field, getattr(cell, field)) for field in IDENTITY if field != without)


def _without(fields: tuple[tuple[str, object], ...], field: str) -> tuple[tuple[str, object], ...]:
    return tuple(pair for pair in fields if pair[0] != field)
