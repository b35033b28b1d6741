"""Typical mistakes in rates, stopping, checkpoints, batches and steps (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.schedule.witness import Losses, rates, stops


def moved(epochs: int) -> Callable[[Losses], int | None]:
    """Return the correct ``stopping_epoch``, moved by a number of epochs."""

    def stopping_epoch(val_losses: Losses) -> int | None:
        end = stops()(val_losses)
        return None if end is None else end + epochs

    return stopping_epoch


def _after_the_best(val_losses: Losses) -> int | None:
    end = val_losses.index(min(val_losses)) + 20
    return end if end < len(val_losses) else None


def _at_the_latest(last: int) -> Callable[[Losses], int | None]:
    def stopping_epoch(val_losses: Losses) -> int | None:
        ends = [end for end in (stops()(val_losses), last) if end is not None and end < len(val_losses)]
        return min(ends, default=None)

    return stopping_epoch


RATES: dict[str, Capability] = {
    "the patience is one epoch short": rates(patience=9),
    "the patience is one epoch long": rates(patience=11),
    "the patience is that of early stopping": rates(patience=20),
    "the factor is squared": rates(factor=0.25),
    "the factor is 0.1, the default of Keras and PyTorch": rates(factor=0.1),
    "the factor is 0.9": rates(factor=0.9),
    "the factor is 0.75": rates(factor=0.75),
    "there is a cooldown of 2 epochs": rates(cooldown=2),
    "there is a cooldown of 5 epochs": rates(cooldown=5),
    "the highest is taken for the best, as for an accuracy": rates(sign=-1),
    "the minimum rate is not kept": rates(minimum=0.0),
    "the minimum rate is 1e-6": rates(minimum=1e-6),
    "the minimum rate is 1e-8": rates(minimum=1e-8),
    "reductions below 1e-8 are left out, as in PyTorch": rates(smallest_step=1e-8),
    "this is PyTorch's ReduceLROnPlateau: it waits one epoch more, reckons improvements as a share of the loss "
    "(threshold_mode='abs' does not), and leaves out steps below eps": rates(
        patience=11, relative=True, smallest_step=1e-8
    ),
    "the waiting does not start again after a reduction": rates(keeps_waiting=True),
    "an improvement does not end the waiting": rates(resets=False),
    "the best is forgotten after a reduction": rates(forgets=True),
    "each epoch is compared with the one before, not with the best": rates(previous=True),
    "each rate is that of the epoch before": lambda val_losses, initial_rate: [
        initial_rate,
        *rates()(val_losses, initial_rate)[:-1],
    ],
    "each rate is that of the epoch after": lambda val_losses, initial_rate: rates()(
        [*val_losses, val_losses[-1]], initial_rate
    )[1:],
    "the rate is never reduced": rates(factor=1.0),
    "the rate is halved every ten epochs": lambda val_losses, initial_rate: [
        initial_rate / 2 ** (epoch // 10) for epoch in range(len(val_losses))
    ],
    "the rates follow a cosine": lambda val_losses, initial_rate: [
        initial_rate * (1 + math.cos(math.pi * epoch / len(val_losses))) / 2 for epoch in range(len(val_losses))
    ],
    "the first rate is always 1e-4": lambda val_losses, initial_rate: rates()(val_losses, 1e-4),
    "the first rate is always 1e-3, Keras' default": lambda val_losses, initial_rate: rates()(val_losses, 1e-3),
    "the best is taken for 10 before there is any": rates(highest=10.0),
}
IMPROVEMENTS: dict[str, Capability] = {
    "any fall counts as an improvement: min_delta is 0": rates(min_delta=0.0),
    "the least improvement is ten times as large": rates(min_delta=1e-3),
    "the least improvement is a tenth as large": rates(min_delta=1e-5),
    "a fall must be a share of the loss, as in PyTorch": rates(relative=True),
    "the least improvement is added where it should be subtracted": rates(min_delta=-1e-4),
}
STOPS: dict[str, Capability] = {
    "the patience is one epoch short": stops(patience=19),
    "the patience is one epoch long": stops(patience=21),
    "epochs are counted from 1": moved(1),
    "the epoch with the lowest loss is given, not the one after which training stops": moved(-20),
    "the patience is that of the plateau rule": stops(patience=10),
    "equal losses are taken for improvements": stops(or_equal=True),
    "a fall by less than 1e-4 does not count, as in the plateau rule": stops(min_delta=1e-4),
    "the highest is taken for the best, as for an accuracy": stops(sign=-1),
    "each epoch is compared with the one before, not with the best": stops(previous=True),
    "the first ten epochs are not watched": stops(warmup=10),
    "training stops after 20 epochs in all": lambda val_losses: 19 if len(val_losses) >= 20 else None,
    "training stops 20 epochs after the best of all": _after_the_best,
    "the best is taken for 10 before there is any": stops(highest=10.0),
    "training stops after epoch 100 at the latest": _at_the_latest(100),
    "training never stops early": lambda val_losses: None,
    "training always stops after the last epoch": lambda val_losses: len(val_losses) - 1,
}


def _first_best(values: Any) -> int:
    return int(np.argmax(values))


BEST_EPOCHS: dict[str, Capability] = {
    "the epoch of the lowest validation loss is kept": lambda val_accuracies, val_losses: int(np.argmin(val_losses)),
    "the lowest is taken for the best, as for a loss": lambda val_accuracies, val_losses: int(
        np.argmin(val_accuracies)
    ),
    "the last of equally good epochs is kept, not the first": lambda val_accuracies, val_losses: (
        len(val_accuracies) - 1 - _first_best(val_accuracies[::-1])
    ),
    "of equally good epochs the one with the lowest loss is kept": lambda val_accuracies, val_losses: min(
        range(len(val_losses)), key=lambda epoch: (-val_accuracies[epoch], val_losses[epoch])
    ),
    "the last epoch is kept": lambda val_accuracies, val_losses: len(val_accuracies) - 1,
    "accuracies are compared in whole percent": lambda val_accuracies, val_losses: _first_best(
        np.round(val_accuracies, 2)
    ),
    "accuracies are compared to three digits": lambda val_accuracies, val_losses: _first_best(
        np.round(val_accuracies, 3)
    ),
    "epochs are counted from 1": lambda val_accuracies, val_losses: _first_best(val_accuracies) + 1,
}
BATCH_SIZES: dict[str, Capability] = {
    "these are the images of one GPU": lambda gpus: 32,
    "as many images are on each GPU as should be on both": lambda gpus: 64 * gpus,
    "there are more images on each GPU the more there are": lambda gpus: 16 * gpus**2,
}
STEPS: dict[str, Capability] = {
    "the partial batch is kept": lambda images, batch_size: -(-images // batch_size),
    "steps are rounded to the nearest": lambda images, batch_size: round(images / batch_size),
    "there is one step more than whole batches": lambda images, batch_size: images // batch_size + 1,
    "batches are of 32 images, whatever is asked": lambda images, batch_size: images // 32,
}
