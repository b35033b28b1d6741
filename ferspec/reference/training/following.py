"""The Keras callback of a training: it sets the rate of each epoch and passes on its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras

from ferspec.reference.training.epoch_row import EpochRow


class FollowSchedule(keras.callbacks.Callback):
    """Trains each epoch at ``rate()``, until ``keep(row, seconds)`` returns that the phase has ended.

    ``validate()`` returns loss and accuracy on the validation images. ``fit`` does not validate, because it would
    augment them too if the device augments. The schedule is a function of the losses so far, so that a resumed training
    continues it; tests compare it with Keras' ``ReduceLROnPlateau`` and ``EarlyStopping``.
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
        trained, validated = logs or {}, self._validate()
        figures = {name: float(trained[name]) for name in ("accuracy", "loss")}
        figures |= {f"val_{name}": float(validated[name]) for name in ("accuracy", "loss")}
        row = EpochRow(epoch=epoch, phase=self._phase, learning_rate=self._current_rate, **figures)
        self.model.stop_training = self._keep(row, time.perf_counter() - self._began)
