"""Computes accuracy by groups of images, and the gap between best and worst."""

from collections.abc import Mapping, Sequence

import numpy as np

from ferspec.errors import UserError
from ferspec.reference.bootstrap import Resampling, protocol_resampling
from ferspec.reference.intervals import proportion, spread_interval
from ferspec.reference.measured import Group, Metric, Slice


def slices(
    right: np.ndarray, groups: Mapping[str, Sequence[str]], resampling: Resampling | None = None
) -> tuple[Slice, ...]:
    """Return the group accuracies of each column, and the gap between best and worst (FER-Z-08).

    ``right`` is (n,) booleans; ``groups`` has one value per image for each column. ``UserError`` if a column has
    another number of values.
    """
    resampling = resampling or protocol_resampling()
    return tuple(_slice(column, np.asarray(values, dtype=str), right, resampling) for column, values in groups.items())


def gap(hits: np.ndarray, sizes: np.ndarray, resampling: Resampling) -> Metric:
    """Return the difference between best and worst group accuracy, 0 to 1, with its interval.

    ``hits`` of ``sizes`` images are right in each group, both (groups,). Images are resampled within each group, and
    best and worst are selected again in every replicate, because the data selected them here too: among equally good
    groups one is always best. Draws use (hits + 1/2)/(size + 1), so that a small group in which every image is right
    still varies.
    """
    if len(sizes) < 2:
        return Metric(value=None, undefined="there is only one group")
    rates = hits / sizes
    assumed = (hits + 0.5) / (sizes + 1)
    noise = resampling.generator().binomial(sizes, assumed, size=(resampling.replicates, len(sizes))) / sizes - assumed
    low, high = spread_interval(lambda accuracies: np.ptp(accuracies, axis=-1), rates, noise, resampling.level)
    method = f"bootstrap within groups ({resampling.replicates:,} replicates), low end by inversion"
    return Metric(value=float(np.ptp(rates)), low=low, high=min(1.0, high), method=method)


def _slice(column: str, values: np.ndarray, right: np.ndarray, resampling: Resampling) -> Slice:
    if values.shape != right.shape:
        raise UserError(f"column '{column}' of the groups has {len(values)} values for {len(right)} images")
    names, place = np.unique(values, return_inverse=True)
    sizes, hits = np.bincount(place), np.bincount(place, weights=right).astype(int)
    rates = hits / sizes
    return Slice(
        column=column,
        groups=tuple(
            Group(value=str(name), n=int(size), accuracy=proportion(int(hit), int(size), resampling.level))
            for name, size, hit in zip(names, sizes, hits, strict=True)
        ),
        gap=gap(hits, sizes, resampling),
        best=str(names[rates.argmax()]),
        worst=str(names[rates.argmin()]),
    )
