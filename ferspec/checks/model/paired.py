"""What another reading of the same images gains in accuracy, and whether that is more than chance."""

from dataclasses import dataclass

import numpy as np

from ferspec import spec
from ferspec.reference.comparison import accuracy_difference, mcnemar
from ferspec.reference.figures import Figure


@dataclass(frozen=True)
class Gain:
    """The difference in accuracy with its interval, and the p value of McNemar's exact test."""

    figure: Figure
    p_value: float
    n: int


def gain_of(labels: np.ndarray, likely: np.ndarray, declared: np.ndarray) -> Gain:
    """Return what the likely predictions gain over those declared, all (n,) classes of the same images."""
    only_likely = int(((likely == labels) & (declared != labels)).sum())
    only_declared = int(((declared == labels) & (likely != labels)).sum())
    figure = accuracy_difference(only_likely, only_declared, len(labels), spec.load().number("FER-Z-01", "level"))
    return Gain(figure, mcnemar(only_likely, only_declared), len(labels))
