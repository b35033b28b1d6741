"""The one Keras callback of a training: it sets the rate of each epoch and hands on what the epoch left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras

from ferspec.reference.training.epoch_row import EpochRow


class FollowSchedule(keras.callbacks.Callback):
    """Trains each epoch at the rate that ``rate()`` gives, until ``keep(row, seconds)`` says that the phase has ended.

    ``validate()`` gives loss and accuracy on the validation images: not ``fit`` itself, which would augment them too
    where the device augments.

    The rule itself is a function of the losses so far, so that nothing is lost with the process; Keras'
    ``ReduceLROnPlateau`` and ``EarlyStopping`` are held to it in the executable specification.
    """

    def __init__(
        self,
        phase: int,
        steps: int,
        rate: Callable[[], float],
        validate: Callable[[], dict[str, float]],
        keep: Callable[[EpochRow, float], bool],
        listener: Any,
    ) -> None:
        super().__init__()
        self._phase, self._steps = phase, steps
        self._rate, self._validate, self._keep, self._listener = rate, validate, keep, listener
        self._epoch, self._began, self._current_rate = 0, 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch, self._began, self._current_rate = epoch, time.perf_counter(), self._rate()
        self.model.optimizer.learning_rate = self._current_rate

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._listener.step(self._epoch, batch + 1, self._steps)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        validated = self._validate()
        figures = {name: float(logs[name]) for name in ("accuracy", "loss")}
        figures |= {f"val_{name}": float(validated[name]) for name in ("accuracy", "loss")}
        row = EpochRow(epoch=epoch, phase=self._phase, learning_rate=self._current_rate, **figures)
        self.model.stop_training = self._keep(row, time.perf_counter() - self._began)
