"""Measures how strongly the groups of images are associated with their classes (FER-I-07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ferspec.records import Record
from ferspec.reference.bootstrap import protocol_resampling

# a chi squared far beyond any that is seen, where no noncentrality reaches a tail
FAR = 1e6


class Association(Record):
    """Cramér's V of groups and classes, 0 to 1, with its interval; ``extreme`` says which cell departs most."""

    value: float
    low: float
    high: float
    extreme: str


def associations(
    labels: np.ndarray, groups: Mapping[str, Sequence[str]], classes: Sequence[str]
) -> dict[str, Association]:
    """Return the association of each column of groups with the labels (n,).

    Columns with a single value, or with a value of its own for each image, say nothing and are left out.
    """
    found = {name: association(labels, values, classes) for name, values in groups.items()}
    return {name: one for name, one in found.items() if one is not None}


def association(labels: np.ndarray, values: Sequence[str], classes: Sequence[str]) -> Association | None:
    """Return Cramér's V of labels (n,) and values (n,) with the interval of FER-Z-01; None for constant ones.

    V² is chi squared, less what chance adds to it (its degrees of freedom), by its largest value. The interval inverts
    the noncentral distribution of chi squared.
    """
    names, columns = np.unique(np.asarray(values, str), return_inverse=True)
    present, rows = np.unique(labels, return_inverse=True)
    least = min(len(names), len(present)) - 1
    if least < 1 or len(names) == len(labels):
        return None
    table = np.zeros((len(present), len(names)), int)
    np.add.at(table, (rows, columns), 1)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / len(labels)
    residuals = (table - expected) / np.sqrt(expected)
    chi_squared, freedom = float((residuals**2).sum()), (len(present) - 1) * (len(names) - 1)
    low, high = noncentrality(chi_squared, freedom, protocol_resampling().level)
    value, low, high = (
        min(1.0, float(np.sqrt(part / (len(labels) * least)))) for part in (max(0.0, chi_squared - freedom), low, high)
    )
    row, column = np.unravel_index(np.abs(residuals).argmax(), table.shape)
    group, label = names[column], classes[int(present[row])]
    return Association(
        value=value,
        low=min(low, value),
        high=max(high, value),
        extreme=f"{table[row, column]:,} images of {label} are {group}, {expected[row, column]:.0f} would be expected",
    )


def noncentrality(chi_squared: float, freedom: int, level: float) -> tuple[float, float]:
    """Return the interval of the noncentrality of a chi squared; 0 where chance alone gives as much."""
    from scipy.optimize import brentq
    from scipy.stats import ncx2

    def end(tail: float) -> float:
        def beyond(parameter: float) -> float:
            return float(ncx2.cdf(chi_squared, freedom, parameter)) - tail

        if beyond(1e-9) <= 0:
            return 0.0
        return float(brentq(beyond, 1e-9, max(FAR, 4 * chi_squared)))

    return end((1 + level) / 2), end((1 - level) / 2)
