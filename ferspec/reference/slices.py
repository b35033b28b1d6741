"""Computes accuracy by groups of images, and the gap between best and worst."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from math import comb

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.bootstrap import Resampling, protocol_resampling
from ferspec.reference.intervals import CLOPPER_PEARSON, clopper_pearson, simultaneous, spread_interval
from ferspec.reference.measured import Group, Metric, Slice

CLAUSE = "FER-Z-13"
AND = " & "


@dataclass(frozen=True)
class _Partition:
    """Images divided by the columns in the name: the names of the groups, and the group (n,) of each image."""

    column: str
    names: tuple[str, ...]
    place: np.ndarray

    def sizes(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the number (or the sum of weights) of the images of each group."""
        return np.bincount(self.place, weights, len(self.names)).astype(int)


def slices(
    right: np.ndarray, groups: Mapping[str, Sequence[str]], resampling: Resampling | None = None
) -> tuple[tuple[Slice, ...], int]:
    """Return the groups of columns and crossings, and the number of crossings left out.

    ``right`` is (n,) booleans; ``groups`` has one value per image for each column. The intervals of all groups hold
    together, and so do those of all gaps. ``UserError`` if a column has another number of values.
    """
    resampling = resampling or protocol_resampling()
    single = [_divided(column, np.asarray(values, dtype=str), right) for column, values in groups.items()]
    crossed, left_out = _crossings(single)
    found = [*((one, 1) for one in single), *crossed]
    tallies = [(one.sizes(right), one.sizes()) for one, _ in found]
    compared = sum(bool((sizes >= least_images()).sum() > 1) for _, sizes in tallies)
    within = replace(resampling, level=simultaneous(resampling.level, compared))
    hits, sizes = (np.array([count for tally in tallies for count in tally[which]], int) for which in (0, 1))
    accuracies = _accuracies(hits, sizes, resampling.level)
    return tuple(
        _slice(one, crossing, tally, tuple(islice(accuracies, len(one.names))), within)
        for (one, crossing), tally in zip(found, tallies, strict=True)
    ), left_out


def group_intervals(hits: np.ndarray, sizes: np.ndarray, level: float) -> list[tuple[float, float] | None]:
    """Return simultaneous intervals of the groups' accuracies; None for a group that is too small.

    ``hits`` of ``sizes`` images are right, both (groups,).
    """
    enough = sizes >= least_images()
    lows, highs = clopper_pearson(hits, sizes, simultaneous(level, int(enough.sum())))
    ends = zip(lows.tolist(), highs.tolist(), enough, strict=True)
    return [(low, high) if is_enough else None for low, high, is_enough in ends]


def gap(hits: np.ndarray, sizes: np.ndarray, resampling: Resampling) -> Metric:
    """Return the difference between best and worst group accuracy, 0 to 1, with its interval.

    ``hits`` of ``sizes`` images are right in each group, both (groups,). Images are resampled within each group, and
    best and worst are selected again in every replicate, because the data selected them here too: among equally good
    groups one is always best. Draws use (hits + 1/2)/(size + 1), so that a small group in which every image is right
    still varies.
    """
    rates = hits / sizes
    assumed = (hits + 0.5) / (sizes + 1)
    noise = resampling.generator().binomial(sizes, assumed, size=(resampling.replicates, len(sizes))) / sizes - assumed
    low, high = spread_interval(lambda accuracies: np.ptp(accuracies, axis=-1), rates, noise, resampling.level)
    method = f"bootstrap within groups ({resampling.replicates:,} replicates), low end by inversion"
    return Metric(value=float(np.ptp(rates)), low=low, high=min(1.0, high), method=method)


def least_images() -> int:
    """Return the fewest images of a group that is evaluated."""
    return spec.load().integer(CLAUSE, "least_images")


def _divided(column: str, values: np.ndarray, right: np.ndarray) -> _Partition:
    if values.shape != right.shape:
        raise UserError(f"column '{column}' of the groups has {len(values)} values for {len(right)} images")
    names, place = np.unique(values, return_inverse=True)
    return _Partition(column, tuple(map(str, names)), place)


def _crossings(single: Sequence[_Partition]) -> tuple[list[tuple[_Partition, int]], int]:
    """Return the crossings with their number of columns, and how many are left out.

    Once there are too many groups, all crossings of as many columns, or of more, are left out.
    """
    most, deepest = (spec.load().integer(CLAUSE, name) for name in ("most_groups", "most_columns"))
    varying = [one for one in single if len(one.names) > 1]
    kept: list[tuple[_Partition, int]] = []
    groups = sum(len(one.names) for one in single)
    for columns in range(2, min(deepest, len(varying)) + 1):
        added: list[tuple[_Partition, int]] = []
        for crossed in map(_crossed, combinations(varying, columns)):
            groups += len(crossed.names)
            if groups > most:
                return kept, sum(comb(len(varying), more) for more in range(columns, deepest + 1))
            added.append((crossed, columns))
        kept += added
    return kept, 0


def _crossed(parts: Sequence[_Partition]) -> _Partition:
    """Return the images divided by several columns; a combination of values without an image is not a group."""
    shape = [len(part.names) for part in parts]
    cells, place = np.unique(np.ravel_multi_index([part.place for part in parts], shape), return_inverse=True)
    names = (
        AND.join(part.names[value] for part, value in zip(parts, values, strict=True))
        for values in zip(*np.unravel_index(cells, shape), strict=True)
    )
    return _Partition(AND.join(part.column for part in parts), tuple(names), place)


def _accuracies(hits: np.ndarray, sizes: np.ndarray, level: float) -> Iterator[Metric]:
    least = least_images()
    method = f"{CLOPPER_PEARSON}, simultaneous over {int((sizes >= least).sum()):,} groups"
    for hit, size, ends in zip(hits, sizes, group_intervals(hits, sizes, level), strict=True):
        if ends is None:
            yield Metric(value=None, undefined=f"{size:,} images are too few: at least {least} are needed")
        else:
            yield Metric(value=float(hit / size), low=ends[0], high=ends[1], method=method)


def _slice(
    one: _Partition,
    columns: int,
    tally: tuple[np.ndarray, np.ndarray],
    accuracies: tuple[Metric, ...],
    resampling: Resampling,
) -> Slice:
    hits, sizes = tally
    enough = np.flatnonzero(sizes >= least_images())
    undefined = f"fewer than two groups have at least {least_images()} images"
    rates = hits[enough] / sizes[enough]
    return Slice(
        column=one.column,
        columns=columns,
        groups=tuple(
            Group(value=name, n=size, errors=size - hit, accuracy=accuracy)
            for name, size, hit, accuracy in zip(one.names, sizes.tolist(), hits.tolist(), accuracies, strict=True)
        ),
        gap=gap(hits[enough], sizes[enough], resampling)
        if len(enough) > 1
        else Metric(value=None, undefined=undefined),
        best=one.names[enough[rates.argmax()]] if len(enough) > 1 else None,
        worst=one.names[enough[rates.argmin()]] if len(enough) > 1 else None,
    )
