"""Schedules that reduce, stop, keep, freeze and count otherwise than the protocol (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mutants.kinds import right, wrong

# A schedule in miniature, right by default: what is wrong with a mutant is the one thing it changes.


def rates(
    patience: int = 10,
    factor: float = 0.5,
    minimum: float = 1e-10,
    min_delta: float = 1e-4,
    relative: bool = False,
    cooldown: int = 0,
    sign: int = 1,
    waits_on: bool = False,
    forgets: bool = False,
    previous: bool = False,
    late: int = 0,
    smallest_step: float = 0.0,
    resets: bool = True,
    highest: float = math.inf,
) -> Callable[..., list[float]]:
    """The rates of a plateau rule in double precision.

    ``sign`` -1 takes the highest for the best; with ``waits_on`` waiting is not begun anew after a reduction, with
    ``forgets`` the best is forgotten then; ``previous`` compares with the epoch before; ``late`` epochs pass until a
    reduction holds; reductions by less than ``smallest_step`` are left out; without ``resets`` an improvement does
    not end the waiting; ``highest`` is the best before there is any.
    """

    def learning_rates(val_losses: list[float], initial_rate: float) -> list[float]:
        rate, best, waited, cooling, found = initial_rate, highest, 0, 0, []
        for loss in val_losses:
            found.append(rate)
            value = sign * loss
            if cooling:
                cooling, waited = cooling - 1, 0
            if value < (best * (1 - min_delta) if relative and best < math.inf else best - min_delta):
                best, waited = value, 0 if resets else waited
            elif not cooling:
                waited += 1
            if waited >= patience:
                lower = max(rate * factor, minimum)
                rate, cooling = (lower, cooldown) if rate - lower > smallest_step else (rate, cooling)
                waited = waited if waits_on else 0
                best = math.inf if forgets else best
            best = value if previous else best
        return ([initial_rate] * late + found)[: len(found)]

    return learning_rates


def every(epochs: int) -> Callable[..., list[float]]:
    """Rates halved every so many epochs, whatever the losses."""
    return lambda val_losses, initial_rate: [initial_rate / 2 ** (at // epochs) for at in range(len(val_losses))]


def cosine(val_losses: list[float], initial_rate: float) -> list[float]:
    return [initial_rate * (1 + math.cos(math.pi * at / len(val_losses))) / 2 for at in range(len(val_losses))]


def stops(
    patience: int = 20,
    min_delta: float = 0.0,
    or_equal: bool = False,
    sign: int = 1,
    previous: bool = False,
    first: int = 0,
    warmup: int = 0,
    highest: float = math.inf,
) -> Callable[..., int | None]:
    """The end by early stopping; ``first`` is the number of the first epoch, before ``warmup`` none is watched, and
    ``highest`` is the best before there is any.
    """

    def stopping_epoch(val_losses: list[float]) -> int | None:
        best, waited = highest, 0
        for epoch, loss in enumerate(val_losses):
            if epoch < warmup:
                continue
            value = sign * loss
            improved = value < best - min_delta or (or_equal and value == best)
            best, waited = (value, 0) if improved else (value if previous else best, waited + 1)
            if waited >= patience:
                return epoch + first
        return None

    return stopping_epoch


def last_end(val_losses: list[float]) -> int | None:
    """Twenty epochs after the best of all, as if training had gone on to the last."""
    end = val_losses.index(min(val_losses)) + 20
    return end if end < len(val_losses) else None


def phases(*, pretrained: list[tuple[Any, Any]], scratch: list[tuple[Any, Any]] | None = None) -> Callable[..., Any]:
    """Phases as (frozen, epochs)."""
    scratch = [(None, None)] if scratch is None else scratch
    return lambda weights: [
        {"frozen": frozen, "epochs": epochs} for frozen, epochs in (scratch if weights == "scratch" else pretrained)
    ]


FROZEN, OPEN = ("base", 20), (None, None)

PLATEAUS = {
    "patience of 9": rates(patience=9),
    "patience of 11, as PyTorch counts 10": rates(patience=11),
    "the patience of early stopping": rates(patience=20),
    "factor squared": rates(factor=0.25),
    "factor 0.1": rates(factor=0.1),
    "factor 0.9": rates(factor=0.9),
    "factor 0.75": rates(factor=0.75),
    "cooldown of 2": rates(cooldown=2),
    "cooldown of 5": rates(cooldown=5),
    "the highest taken for the best, as for accuracy": rates(sign=-1),
    "no minimum": rates(minimum=0.0),
    "minimum 1e-6": rates(minimum=1e-6),
    "minimum 1e-8": rates(minimum=1e-8),
    "reductions below 1e-8 left out, as PyTorch does": rates(smallest_step=1e-8),
    "PyTorch's scheduler with its defaults": rates(patience=11, relative=True, smallest_step=1e-8),
    "waiting not begun anew after a reduction": rates(waits_on=True),
    "waiting not ended by an improvement": rates(resets=False),
    "the best forgotten after a reduction": rates(forgets=True),
    "each epoch compared with the one before": rates(previous=True),
    "rates noted one epoch late": rates(late=1),
    "rates never reduced": rates(factor=1.0),
    "rates halved every ten epochs": every(10),
    "rates by a cosine": cosine,
    "always begun at 1e-4": lambda val_losses, initial_rate: rates()(val_losses, 1e-4),
    "always begun at 1e-3, Keras' default": lambda val_losses, initial_rate: rates()(val_losses, 1e-3),
    "the best taken for 10 before there is any": rates(highest=10.0),
    "one rate more than epochs": lambda val_losses, initial_rate: [*rates()(val_losses, initial_rate), initial_rate],
}
IMPROVEMENTS = {
    "any fall counts": rates(min_delta=0.0),
    "a fall must be ten times as large": rates(min_delta=1e-3),
    "a tenth of the fall is enough": rates(min_delta=1e-5),
    "a fall must be a share of the loss, as in PyTorch": rates(relative=True),
    "falls are reckoned from the epoch before": rates(previous=True),
    "a fall is added where it should be subtracted": rates(min_delta=-1e-4),
}
ENDS = {
    "patience of 19": stops(patience=19),
    "patience of 21": stops(patience=21),
    "epochs counted from 1": stops(first=1),
    "the patience of the plateau rule": stops(patience=10),
    "equal losses taken for improvements": stops(or_equal=True),
    "a fall by less than 1e-4 taken for none": stops(min_delta=1e-4),
    "the highest taken for the best, as for accuracy": stops(sign=-1),
    "each epoch compared with the one before": stops(previous=True),
    "the first ten epochs not watched": stops(warmup=10),
    "the epoch with the best weights instead of the last": lambda val_losses: (
        None if stops()(val_losses) is None else stops()(val_losses) - 20
    ),
    "after 20 epochs in all": lambda val_losses: 19 if len(val_losses) >= 20 else None,
    "twenty epochs after the best of all": last_end,
    "the best taken for 10 before there is any": stops(highest=10.0),
    "after epoch 100 at the latest": lambda val_losses: min(
        (end for end in (stops()(val_losses), 100) if end is not None and end < len(val_losses)), default=None
    ),
    "never": lambda val_losses: None,
    "always after the last epoch": lambda val_losses: len(val_losses) - 1,
}
KEPT = {
    "the lowest validation loss": lambda val_accuracies, val_losses: int(np.argmin(val_losses)),
    "the lowest validation accuracy": lambda val_accuracies, val_losses: int(np.argmin(val_accuracies)),
    "the last of equals": lambda val_accuracies, val_losses: (
        len(val_accuracies) - 1 - int(np.argmax(val_accuracies[::-1]))
    ),
    "of equals the one with the lowest loss": lambda val_accuracies, val_losses: min(
        range(len(val_losses)), key=lambda at: (-val_accuracies[at], val_losses[at])
    ),
    "the last epoch": lambda val_accuracies, val_losses: len(val_accuracies) - 1,
    "the best of accuracies of three digits": lambda val_accuracies, **_: int(np.argmax(np.round(val_accuracies, 3))),
    "the epoch counted from 1": lambda val_accuracies, val_losses: int(np.argmax(val_accuracies)) + 1,
    "the best of accuracies in whole percent": lambda val_accuracies, **_: int(np.argmax(np.round(val_accuracies, 2))),
}
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
    *(wrong("FER-S-03", name, learning_rates=capability) for name, capability in PLATEAUS.items()),
    *(wrong("FER-S-04", name, learning_rates=capability) for name, capability in IMPROVEMENTS.items()),
    *(wrong("FER-S-05", name, stopping_epoch=capability) for name, capability in ENDS.items()),
    *(wrong("FER-S-06", name, best_epoch=capability) for name, capability in KEPT.items()),
    *(wrong("FER-S-07", name, phases=capability) for name, capability in PHASES.items()),
    *(wrong("FER-S-08", name, phases=capability) for name, capability in LENGTHS.items()),
    wrong("FER-S-08", "a first phase of 20 epochs", profile="paper", phases=phases(pretrained=[FROZEN, OPEN])),
    wrong("FER-S-09", "32 images in all", batch_size=lambda gpus: 32),
    wrong("FER-S-09", "64 images on each GPU", batch_size=lambda gpus: 64 * gpus),
    wrong("FER-S-09", "more images on each GPU the more there are", batch_size=lambda gpus: 16 * gpus**2),
    wrong("FER-S-10", "the partial batch kept", steps_per_epoch=lambda images, batch_size: -(-images // batch_size)),
    wrong(
        "FER-S-10",
        "steps rounded to the nearest",
        steps_per_epoch=lambda images, batch_size: round(images / batch_size),
    ),
    wrong(
        "FER-S-10",
        "one step more than whole batches",
        steps_per_epoch=lambda images, batch_size: images // batch_size + 1,
    ),
    wrong("FER-S-10", "batches of 32 whatever their size", steps_per_epoch=lambda images, batch_size: images // 32),
    right("FER-S-03", "rates in double precision", learning_rates=rates()),
    right("FER-S-03", "rates of Keras' own callback", learning_rates=keras_rates),
    right("FER-S-03", "a cooldown of one epoch, which is none in Keras", learning_rates=rates(cooldown=1)),
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
