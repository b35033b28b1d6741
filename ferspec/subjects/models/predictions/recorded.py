"""Hold the predictions that a model's owner recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ferspec.subjects.models.contracts.answers import Answers, probabilities_of
from ferspec.subjects.models.contracts.class_set import ClassSet, seven


@dataclass(frozen=True)
class TrueLabels:
    """Hold the column of true classes that stands beside the predictions, as text."""

    column: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class RecordedPredictions:
    """Hold the predictions that a model's owner recorded.

    ``columns`` is float64 (n, k), one column for each of ``classes`` and NaN in rows without an answer, or None if only
    classes were recorded. ``chosen`` (n,) is as in ``Answers``: the recorded class, or the most probable one. If the
    classes are ``numbered``, they have the numbers of the ``true`` labels, whose meaning the dataset shows. Rows that
    are not ``named`` are in the order of the images, which their true labels prove.
    """

    name: str
    digest: str
    ids: tuple[str, ...]
    columns: np.ndarray | None
    chosen: np.ndarray
    format: str = "predictions csv"
    classes: ClassSet = field(default_factory=seven)
    true: TrueLabels | None = None
    numbered: bool = False
    named: bool = True

    @property
    def probabilities(self) -> np.ndarray | None:
        """The probabilities (n, 7 + k) float64 as in ``Answers``; None for classes alone."""
        return None if self.columns is None else probabilities_of(self.columns, self.classes)

    @property
    def answers(self) -> Answers:
        """The recorded answers."""
        probabilities = self.probabilities
        return Answers(None if probabilities is None else probabilities.astype(np.float32), self.chosen)

    @property
    def predicted(self) -> np.ndarray:
        """The class (n,) of every image, 7 for none of the seven."""
        return self.answers.predicted
