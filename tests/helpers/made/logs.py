"""Logs of invented trainings: Keras' own callbacks, run over made-up losses."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ferspec.subjects.runs.logs.phases import LoggedPhase

PLATEAU = {"monitor": "val_loss", "patience": 10, "factor": 0.5, "min_lr": 1e-10, "min_delta": 1e-4, "cooldown": 0}
STOPPING = {"monitor": "val_loss", "patience": 20, "min_delta": 0}
# falls, then by less than counts for the rate, then falls again, then rises
FALLING = [2.0 - 0.05 * epoch for epoch in range(15)]
CREEPING = [FALLING[-1] - 1e-6 * epoch for epoch in range(1, 25)]
FALLING_AGAIN = [1.28 - 0.02 * epoch for epoch in range(8)]
RISING = [1.2 + 0.001 * epoch for epoch in range(120)]
LOSSES = FALLING + CREEPING + FALLING_AGAIN + RISING
# creeps until the rate has fallen six times
LONG = FALLING + [FALLING[-1] - 1e-6 * epoch for epoch in range(1, 66)] + RISING
HEAD = [2.2 - 0.01 * epoch for epoch in range(120)]


def trained(
    losses: Sequence[float] = LOSSES,
    rate: float = 1e-4,
    longest: int | None = None,
    plateau: dict[str, Any] | None = None,
    stopping: dict[str, Any] | None = None,
    float64: bool = False,
    rates_of_next: bool = False,
    every: int = 1,
) -> LoggedPhase:
    """Return the phase that Keras logs over these validation losses, with its callbacks set as given.

    ``longest`` is the number of epochs passed to ``fit``, by default one for each loss. ``float64`` keeps the rate
    in double precision, as frameworks other than Keras do; ``rates_of_next`` logs it after the callbacks; ``every`` is
    in which epochs there is a validation.
    """
    import keras

    optimizer = _Optimizer(rate) if float64 else keras.optimizers.SGD(rate)
    model = SimpleNamespace(optimizer=optimizer, stop_training=False)
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(**PLATEAU | (plateau or {})),
        keras.callbacks.EarlyStopping(**STOPPING | (stopping or {})),
    ]
    for callback in callbacks:
        callback.set_model(model)
        callback.on_train_begin()
    epochs, rates = [], []
    for epoch, loss in enumerate(losses[:longest]):
        before = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        figures = metrics_of(epoch, loss)
        unvalidated = {"val_loss": math.nan, "val_accuracy": math.nan} if (epoch + 1) % every else {}
        epochs.append(figures | unvalidated)
        with warnings.catch_warnings():
            # both callbacks say so where there is no validation loss
            warnings.filterwarnings("ignore", r".*conditioned on metric `val_loss`", UserWarning)
            for callback in callbacks:
                callback.on_epoch_end(
                    epoch, {name: value for name, value in figures.items() if name not in unvalidated}
                )
        after = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        rates.append(after if rates_of_next else before)
        if model.stop_training:
            break
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return LoggedPhase(
        tuple(range(len(epochs))),
        rate=tuple(rates),
        unvalidated=frozenset(epoch for epoch in range(len(epochs)) if (epoch + 1) % every),
        **{name: tuple(logged[name] for logged in epochs) for name in names},
    )


def trained_by_keras_2(losses: Sequence[float], patience: int = 10, stopping: int = 20) -> LoggedPhase:
    """Return the phase that ``tf.keras`` 2.10 logs over these validation losses, reimplemented by its documented rules.

    Both callbacks begin with an infinite best loss, and compare in double precision.
    """
    rate, best, waited, lowest, stopped, rates = np.float32(1e-4), math.inf, 0, math.inf, 0, []
    for loss in losses:
        rates.append(float(rate))
        waited += 1
        if loss < best - 1e-4:
            best, waited = loss, 0
        if waited >= patience and rate > np.float32(1e-10):
            rate, waited = np.float32(max(float(rate) * 0.5, 1e-10)), 0
        stopped += 1
        if loss < lowest:
            lowest, stopped = loss, 0
        if stopped >= stopping:
            break
    figures = [metrics_of(epoch, loss) for epoch, loss in enumerate(losses[: len(rates)])]
    return LoggedPhase(
        tuple(range(len(rates))),
        rate=tuple(rates),
        **{name: tuple(logged[name] for logged in figures) for name in figures[0]},
    )


class _Optimizer:
    def __init__(self, rate: float) -> None:
        self.learning_rate = rate


def metrics_of(epoch: int, loss: float) -> dict[str, float]:
    """Return the figures of an epoch: the accuracy is best in epoch 30, and falls after it."""
    val_accuracy = 0.3 + 0.01 * epoch if epoch <= 30 else 0.6 - 0.001 * (epoch - 30)
    return {"loss": 2.5 - 0.01 * epoch, "accuracy": 0.2 + 0.004 * epoch, "val_loss": loss, "val_accuracy": val_accuracy}


def log_text(phases: Sequence[LoggedPhase], rate: str = "lr") -> str:
    """Return phases as CSVLogger writes them, one after the other under one header; without rates where that is ''."""
    lines = [",".join(["epoch", "accuracy", *([rate] if rate else []), "loss", "val_accuracy", "val_loss"])]
    for phase in phases:
        for place, epoch in enumerate(phase.epochs):
            rates = [repr(phase.rate[place])] if rate else []
            figures = (phase.loss[place], phase.val_accuracy[place], phase.val_loss[place])
            lines.append(",".join([str(epoch), repr(phase.accuracy[place]), *rates, *map(repr, figures)]))
    return "\n".join([*lines, ""])


def write_log(path: Path, phases: Sequence[LoggedPhase], rate: str = "lr") -> Path:
    path.write_text(log_text(phases, rate))
    return path
