"""Typical mistakes in rates, stopping, checkpoints, batches and steps (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.attribute import merged
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


Step = dict[str, Any] | Capability
"""Arguments of ``rates``, or the whole capability ``learning_rates``."""


def _stepped(step: Step) -> Capability:
    return step if callable(step) else rates(**step)


def combined(steps: Sequence[Step]) -> Capability | None:
    """Return ``learning_rates`` with several wrong steps; None if one of them is a whole capability."""
    if len(steps) == 1:
        return _stepped(steps[0])
    changes = merged([{"": step} if callable(step) else step for step in steps])
    return None if changes is None or "" in changes else rates(**changes)


_PREVIOUS = {"each epoch is compared with the one before, not with the best": {"previous": True}}
_PYTORCH = {
    "this is PyTorch's ReduceLROnPlateau: it waits one epoch more, measures improvements relative to the loss "
    "(threshold_mode='abs' does not), and skips reductions below eps": {
        "patience": 11,
        "relative": True,
        "smallest_step": 1e-8,
    }
}
_RATE_STEPS: dict[str, Step] = {
    "the patience of the plateau rule is one epoch short": {"patience": 9},
    "the patience of the plateau rule is one epoch long": {"patience": 11},
    "the patience of the plateau rule is that of early stopping": {"patience": 20},
    "the factor is squared": {"factor": 0.25},
    "the factor is 0.1, the default of Keras and PyTorch": {"factor": 0.1},
    "the factor is 0.9": {"factor": 0.9},
    "the factor is 0.75": {"factor": 0.75},
    "there is a cooldown of 2 epochs": {"cooldown": 2},
    "there is a cooldown of 5 epochs": {"cooldown": 5},
    "the highest loss counts as the best, as for an accuracy": {"sign": -1},
    "the minimum rate is not applied": {"minimum": 0.0},
    "the minimum rate is 1e-6": {"minimum": 1e-6},
    "the minimum rate is 1e-8": {"minimum": 1e-8},
    "reductions by less than 1e-8 are skipped, as in PyTorch": {"smallest_step": 1e-8},
    **_PYTORCH,
    "the patience counter continues after a reduction": {"keeps_waiting": True},
    "an improvement does not reset the patience counter": {"resets": False},
    "the best loss is reset after a reduction": {"forgets": True},
    **_PREVIOUS,
    "each rate is that of the epoch before": lambda val_losses, initial_rate: [
        initial_rate,
        *rates()(val_losses, initial_rate)[:-1],
    ],
    "each rate is that of the epoch after": lambda val_losses, initial_rate: rates()(
        [*val_losses, val_losses[-1]], initial_rate
    )[1:],
    "the rate is never reduced": {"factor": 1.0},
    "the rate is halved every ten epochs": lambda val_losses, initial_rate: [
        initial_rate / 2 ** (epoch // 10) for epoch in range(len(val_losses))
    ],
    "the rates follow a cosine": lambda val_losses, initial_rate: [
        initial_rate * (1 + math.cos(math.pi * epoch / len(val_losses))) / 2 for epoch in range(len(val_losses))
    ],
    "the first rate is always 1e-4": lambda val_losses, initial_rate: rates()(val_losses, 1e-4),
    "the first rate is always 1e-3, Keras' default": lambda val_losses, initial_rate: rates()(val_losses, 1e-3),
    "the best loss is 10 before the first epoch": {"highest": 10.0},
}
_IMPROVEMENT_STEPS: dict[str, Step] = {
    "any fall counts as an improvement: min_delta is 0": {"min_delta": 0.0},
    "min_delta is ten times as large": {"min_delta": 1e-3},
    "min_delta is a tenth as large": {"min_delta": 1e-5},
    "min_delta is relative to the loss, as in PyTorch": {"relative": True},
    "min_delta is added where it should be subtracted": {"min_delta": -1e-4},
    "a fall by exactly min_delta counts: it is compared by <=": {"or_equal": True},
    **_PREVIOUS,
    **_PYTORCH,
}
# further values, which distinguish a patience of 7 from a wrong min_delta
_FURTHER: dict[str, dict[str, Step]] = {
    "FER-S-03": {
        **{
            f"the patience of the plateau rule is {epochs} epochs": {"patience": epochs}
            for epochs in range(1, 31)
            if epochs != 10
        },
        **{f"the factor is {factor}": {"factor": factor} for factor in (0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.95)},
        **{f"the minimum rate is {rate:g}": {"minimum": rate} for rate in (1e-5, 1e-7, 1e-9, 1e-11, 1e-12)},
        **{f"there is a cooldown of {epochs} epochs": {"cooldown": epochs} for epochs in (3, 4, 10)},
    },
    "FER-S-04": {f"min_delta is {fall:g}": {"min_delta": fall} for fall in (1e-2, 5e-4, 5e-5, 1e-6)},
}
STEPS_OF_RATES = {
    "FER-S-03": _RATE_STEPS | _FURTHER["FER-S-03"],
    "FER-S-04": _IMPROVEMENT_STEPS | _FURTHER["FER-S-04"],
}
RATES = {cause: _stepped(step) for cause, step in _RATE_STEPS.items()}
IMPROVEMENTS = {cause: _stepped(step) for cause, step in _IMPROVEMENT_STEPS.items()}
STOPS: dict[str, Capability] = {
    "the patience of early stopping is one epoch short": stops(patience=19),
    "the patience of early stopping is one epoch long": stops(patience=21),
    "epochs are counted from 1": moved(1),
    "the epoch with the lowest loss is given, not the one after which training stops": moved(-20),
    "the patience of early stopping is that of the plateau rule": stops(patience=10),
    "equal losses are taken for improvements": stops(or_equal=True),
    "a fall by less than 1e-4 does not count, as in the plateau rule": stops(min_delta=1e-4),
    "the highest loss counts as the best, as for an accuracy": stops(sign=-1),
    "each epoch is compared with the one before, not with the best": stops(previous=True),
    "the first ten epochs are not watched": stops(warmup=10),
    "training stops after 20 epochs in all": lambda val_losses: 19 if len(val_losses) >= 20 else None,
    "training stops 20 epochs after the best of all": _after_the_best,
    "the best loss is 10 before the first epoch": stops(highest=10.0),
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
