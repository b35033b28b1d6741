"""The metrics of one epoch: a row of history.csv."""

from __future__ import annotations

from ferspec.records import Record


class EpochRow(Record):
    """The metrics of one epoch; ``epoch`` counts from 0 over the whole run, ``phase`` from 1.

    ``learning_rate`` is that of the epoch; losses are mean cross-entropies, accuracies 0 to 1.
    """

    epoch: int
    accuracy: float
    learning_rate: float
    loss: float
    val_accuracy: float
    val_loss: float
    phase: int
