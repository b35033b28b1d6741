"""Schedules that differ from the protocol in rates, stopping, best epoch, phases or batches (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.schedule.mistakes import (
    BATCH_SIZES,
    BEST_EPOCHS,
    IMPROVEMENTS,
    RATES,
    STEPS,
    STOPS,
)
from ferspec.checks.implementation.schedule.witness import rates, stops
from mutants.kinds import mistaken, right, wrong


def phases(*, pretrained: list[tuple[Any, Any]], scratch: list[tuple[Any, Any]] | None = None) -> Callable[..., Any]:
    """Phases as (frozen, epochs)."""
    scratch = [(None, None)] if scratch is None else scratch
    return lambda weights: [
        {"frozen": frozen, "epochs": epochs} for frozen, epochs in (scratch if weights == "scratch" else pretrained)
    ]


FROZEN, OPEN = ("base", 20), (None, None)

PHASES = {
    "base not frozen": phases(pretrained=[(None, 20), OPEN]),
    "one phase for all": phases(pretrained=[OPEN]),
    "only the frozen phase": phases(pretrained=[FROZEN]),
    "base never released": phases(pretrained=[FROZEN, ("base", None)]),
    "first all layers, then the head": phases(pretrained=[OPEN, FROZEN]),
    "a third phase": phases(pretrained=[FROZEN, FROZEN, OPEN]),
    "two phases from scratch": phases(pretrained=[FROZEN, OPEN], scratch=[FROZEN, OPEN]),
    "two open phases from scratch": phases(pretrained=[FROZEN, OPEN], scratch=[(None, 20), OPEN]),
    "a last phase of 100 epochs": phases(pretrained=[FROZEN, (None, 100)]),
    "a training from scratch of 100 epochs": phases(pretrained=[FROZEN, OPEN], scratch=[(None, 100)]),
    "VGGFace trained like scratch": lambda weights: phases(pretrained=[FROZEN, OPEN])(
        "scratch" if weights == "vggface" else weights
    ),
}
LENGTHS = {
    "a first phase of unlimited length": phases(pretrained=[("base", None), OPEN]),
    "a first phase of 5 epochs": phases(pretrained=[("base", 5), OPEN]),
    "a first phase of 50 epochs": phases(pretrained=[("base", 50), OPEN]),
    "a first phase that is never frozen": phases(pretrained=[OPEN, OPEN]),
}


def keras_rates(val_losses: list[float], initial_rate: float) -> list[float]:
    """The rates of Keras' own callback."""
    from types import SimpleNamespace

    import keras

    model = SimpleNamespace(optimizer=keras.optimizers.SGD(initial_rate))
    callback = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=10, min_lr=1e-10)
    callback.set_model(model)
    callback.on_train_begin()
    found = []
    for epoch, loss in enumerate(val_losses):
        found.append(float(model.optimizer.learning_rate.numpy()))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    return found


def keras_end(val_losses: list[float]) -> float | None:
    """The end by Keras' own callback, written as a number with a point."""
    from types import SimpleNamespace

    import keras

    model = SimpleNamespace(stop_training=False)
    callback = keras.callbacks.EarlyStopping(patience=20)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(val_losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            return float(epoch)
    return None


MUTANTS = (
    *mistaken("FER-S-03", "learning_rates", RATES),
    wrong(
        "FER-S-03",
        "one rate more than epochs",
        learning_rates=lambda val_losses, initial_rate: [*rates()(val_losses, initial_rate), initial_rate],
    ),
    *mistaken("FER-S-04", "learning_rates", IMPROVEMENTS),
    wrong("FER-S-04", "falls are reckoned from the epoch before", learning_rates=rates(previous=True)),
    *mistaken("FER-S-05", "stopping_epoch", STOPS),
    *mistaken("FER-S-06", "best_epoch", BEST_EPOCHS),
    *(wrong("FER-S-07", name, phases=capability) for name, capability in PHASES.items()),
    *(wrong("FER-S-08", name, phases=capability) for name, capability in LENGTHS.items()),
    wrong("FER-S-08", "a first phase of 20 epochs", profile="paper", phases=phases(pretrained=[FROZEN, OPEN])),
    *mistaken("FER-S-09", "batch_size", BATCH_SIZES),
    *mistaken("FER-S-10", "steps_per_epoch", STEPS),
    right("FER-S-03", "rates in double precision", learning_rates=rates()),
    right("FER-S-03", "rates of Keras' own callback", learning_rates=keras_rates),
    right("FER-S-03", "a cooldown of one epoch, which has no effect in Keras", learning_rates=rates(cooldown=1)),
    right("FER-S-04", "losses compared in double precision", learning_rates=rates()),
    right("FER-S-04", "rates of Keras' own callback", learning_rates=keras_rates),
    right("FER-S-05", "losses compared in double precision", stopping_epoch=stops()),
    right("FER-S-05", "the end by Keras' own callback", stopping_epoch=keras_end),
    right(
        "FER-S-06",
        "the best epoch by NumPy",
        best_epoch=lambda val_accuracies, val_losses: float(np.argmax(val_accuracies)),
    ),
    right(
        "FER-S-07",
        "phases with more entries, in another order",
        phases=lambda weights: (
            [{"epochs": None, "name": "all layers", "frozen": None, "start": "best checkpoint"}]
            if weights == "scratch"
            else [
                {"epochs": 40, "trainable": "head", "frozen": "base"},
                {"epochs": None, "trainable": "all", "frozen": None},
            ]
        ),
    ),
    right("FER-S-08", "another length of the runs", phases=phases(pretrained=[("base", 15.0), OPEN])),
    right("FER-S-08", "the length of the text", profile="paper", phases=phases(pretrained=[("base", 30), OPEN])),
    right("FER-S-09", "32 images on each GPU, however many", batch_size=lambda gpus: 32.0 * gpus),
    right("FER-S-09", "64 images in all, however many GPUs", batch_size=lambda gpus: 64),
    right(
        "FER-S-10",
        "steps as numbers with a point",
        steps_per_epoch=lambda images, batch_size: math.floor(images / batch_size) / 1,
    ),
)
