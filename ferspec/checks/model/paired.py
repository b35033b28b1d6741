"""Measures the accuracy that another interpretation of the same predictions gains, and its significance."""

from dataclasses import dataclass

import numpy as np

from ferspec import spec
from ferspec.reference.comparison import accuracy_difference
from ferspec.reference.measured import Metric
from ferspec.reference.significance import mcnemar
from ferspec.required import required


@dataclass(frozen=True)
class Gain:
    """The difference in accuracy with its interval, and the p value of McNemar's exact test."""

    figure: Metric
    p_value: float
    n: int

    @property
    def accuracy(self) -> float:
        """The difference in accuracy, -1 to 1."""
        return required(self.figure.value)


def gain_of(labels: np.ndarray, likely: np.ndarray, declared: np.ndarray) -> Gain:
    """Return the gain of the likely over the declared predictions. All are classes (n,) of the same images."""
    only_likely = int(((likely == labels) & (declared != labels)).sum())
    only_declared = int(((declared == labels) & (likely != labels)).sum())
    figure = accuracy_difference(only_likely, only_declared, len(labels), spec.load().number("FER-Z-01", "level"))
    return Gain(figure, mcnemar(only_likely, only_declared), len(labels))
