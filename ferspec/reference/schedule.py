"""Computes learning rates and the end of a training from its validation losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import c_float
from dataclasses import dataclass, replace

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.records import DEFAULT_PROFILE, Profile, Weights


@dataclass(frozen=True)
class Watch:
    """The state of a rule: the best validation loss, and how many epochs ago it was."""

    best: float | None = None
    waited: int = 0

    def improves(self, val_loss: float, min_delta: float) -> bool:
        """Return whether the loss of the next epoch is an improvement. The first loss always is.

        Losses are compared in float32, as in Keras 3. A NaN loss improves on nothing, and nothing improves on it.
        """
        return self.best is None or _float32(val_loss + min_delta) < _float32(self.best)

    def after(self, val_loss: float, min_delta: float) -> Watch:
        """Return the state after the next epoch."""
        if self.improves(val_loss, min_delta):
            return replace(self, best=val_loss, waited=0)
        return replace(self, waited=self.waited + 1)


BEFORE_ANY = Watch()
# more epochs than any training has: the schedule ends a phase
ENDLESS = 1_000_000
# what FER-S-06 and FER-S-10 call these rules
BEST = {"max": np.nanargmax, "min": np.nanargmin}
STEPS: dict[str, Callable[[int, int], int]] = {
    "floor": lambda images, batch: images // batch,
    "ceil": lambda images, batch: -(-images // batch),
}


@dataclass(frozen=True)
class PlateauRule:
    """Multiplies the rate by ``factor`` after ``patience`` epochs without improvement (FER-S-03, FER-S-04).

    The same as Keras' ``ReduceLROnPlateau`` without cooldown.
    """

    patience: int
    factor: float
    minimum_rate: float
    min_delta: float

    @classmethod
    def of(cls, profile: Profile = DEFAULT_PROFILE) -> PlateauRule:
        """Return the rule of the protocol."""
        book = spec.load()
        return cls(
            patience=book.integer("FER-S-03", "patience", profile),
            factor=book.number("FER-S-03", "factor", profile),
            minimum_rate=book.number("FER-S-03", "minimum_rate", profile),
            min_delta=book.number("FER-S-04", "min_delta", profile),
        )

    def after(self, rate: float, watch: Watch, val_loss: float) -> tuple[float, Watch]:
        """Return the next rate and the new state after an epoch trained with ``rate``."""
        watch = watch.after(val_loss, self.min_delta)
        if watch.waited >= self.patience and rate > _float32(self.minimum_rate):
            return _float32(max(rate * self.factor, self.minimum_rate)), replace(watch, waited=0)
        return rate, watch

    def rates(self, val_losses: Sequence[float], initial_rate: float) -> tuple[float, ...]:
        """Return the rate of every epoch of ``val_losses``, and of the epoch after them."""
        rates, watch = [_float32(initial_rate)], BEFORE_ANY
        for val_loss in val_losses:
            rate, watch = self.after(rates[-1], watch, val_loss)
            rates.append(rate)
        return tuple(rates)


@dataclass(frozen=True)
class StoppingRule:
    """Stops after ``patience`` epochs without improvement (FER-S-05); the same as Keras' ``EarlyStopping``."""

    patience: int
    min_delta: float

    @classmethod
    def of(cls, profile: Profile = DEFAULT_PROFILE) -> StoppingRule:
        """Return the rule of the protocol."""
        book = spec.load()
        return cls(
            patience=book.integer("FER-S-05", "patience", profile),
            min_delta=book.number("FER-S-05", "min_delta", profile),
        )

    def after(self, watch: Watch, val_loss: float) -> tuple[bool, Watch]:
        """Return whether training stops after an epoch, and the new state."""
        watch = watch.after(val_loss, self.min_delta)
        return watch.waited >= self.patience, watch

    def stop(self, val_losses: Sequence[float], watch: Watch = BEFORE_ANY) -> int | None:
        """Return the epoch, from 0, after which training stops, or None if ``val_losses`` end before."""
        for epoch, val_loss in enumerate(val_losses):
            stops, watch = self.after(watch, val_loss)
            if stops:
                return epoch
        return None

    def waited(self, val_losses: Sequence[float], watch: Watch = BEFORE_ANY) -> int:
        """Return how many epochs ago the best of ``val_losses`` was."""
        for val_loss in val_losses:
            watch = watch.after(val_loss, self.min_delta)
        return watch.waited


@dataclass(frozen=True)
class Replayed:
    """The schedule for some validation losses: the rate of each epoch, and where training stops.

    ``rates`` are float32 values, one per epoch; ``stop`` is the epoch, from 0, after which training stops.
    """

    rates: tuple[float, ...]
    stop: int | None


def replay(val_losses: Sequence[float], initial_rate: float, profile: Profile = DEFAULT_PROFILE) -> Replayed:
    """Return the learning rate of every epoch of a phase, and where training stops.

    ``val_losses`` has one entry per epoch; the first epoch is trained with ``initial_rate``. Epochs after the stop,
    which the protocol does not have, get the rates they would have. Source: FER-S-03 to FER-S-05.
    """
    rates = PlateauRule.of(profile).rates(val_losses, initial_rate)
    return Replayed(rates[: len(val_losses)], StoppingRule.of(profile).stop(val_losses))


@dataclass(frozen=True)
class Step:
    """The next step of a training: the rate of the next epoch, or the end.

    ``waited`` epochs have passed since the best validation loss. If none of the next ``patience_left`` epochs improves
    on it, training stops after them.
    """

    rate: float
    stop: bool
    waited: int
    patience_left: int


def next_step(history: Sequence[float], initial_rate: float, profile: Profile = DEFAULT_PROFILE) -> Step:
    """Return the next step of a phase from its validation losses so far.

    Without any epoch, the next rate is ``initial_rate``. Source: FER-S-03 to FER-S-05.
    """
    stopping = StoppingRule.of(profile)
    stop, waited = stopping.stop(history) is not None, stopping.waited(history)
    return Step(
        rate=PlateauRule.of(profile).rates(history, initial_rate)[-1],
        stop=stop,
        waited=waited,
        patience_left=0 if stop else stopping.patience - waited,
    )


@dataclass(frozen=True)
class PhasePlan:
    """The plan of a phase: frozen base or not, initial rate, and maximum epochs.

    Early stopping applies in every phase, so a phase may end before ``longest`` epochs.
    """

    frozen: bool
    initial_rate: float
    longest: int | None


def phases_of(weights: Weights, profile: Profile = DEFAULT_PROFILE) -> tuple[PhasePlan, ...]:
    """Return the training phases of a network: two with published weights, otherwise one.

    If a profile has several lengths or rates, the first (most frequent) is used. Source: FER-S-02, FER-S-07, FER-S-08.
    """
    book = spec.load()
    rate = book.numbers("FER-S-02", "initial_rates", profile)[0]
    everything = PhasePlan(frozen=False, initial_rate=rate, longest=None)
    if weights == "scratch":
        return (everything,)
    longest = book.integers("FER-S-08", "frozen_epochs", profile)[0]
    heads = book.integer("FER-S-07", "phases", profile) - 1
    return *[PhasePlan(frozen=True, initial_rate=rate, longest=longest)] * heads, everything


def kept_metric() -> str:
    """Return the metric of an epoch that decides which checkpoint is kept. Source: FER-S-06."""
    return spec.load().text("FER-S-06", "monitor")


def best_epoch(values: Sequence[float] | np.ndarray) -> int:
    """Return the first epoch, from 0, with the best value of ``kept_metric``, the highest; NaN is ignored.

    ``ValueError`` if all are NaN. Source: FER-S-06.
    """
    if all(np.isnan(value) for value in values):
        raise ValueError(f"no epoch has a {kept_metric()}")
    return int(BEST[spec.load().text("FER-S-06", "mode")](values))


def batch_size(profile: Profile = DEFAULT_PROFILE) -> int:
    """Return the number of images per step, over all devices. Source: FER-S-09."""
    book = spec.load()
    return book.integer("FER-S-09", "per_gpu", profile) * book.integer("FER-S-09", "gpus", profile)


def steps_per_epoch(n: int, batch: int) -> int:
    """Return the number of batches in ``n`` training images; by the protocol a partial one is dropped.

    ``UserError`` if there is none. Source: FER-S-10.
    """
    if n < batch:
        raise UserError(
            f"{n} training images are fewer than one batch of {batch}: give more images or a larger --subset"
        )
    return STEPS[spec.load().text("FER-S-10", "rounding")](n, batch)


def reported_images(n: int, batch: int, profile: Profile = DEFAULT_PROFILE) -> int:
    """Return how many of ``n`` images the protocol counts in an evaluation.

    Profile ``released`` drops the last partial batch, so the result is 0 for fewer images than one batch. Profile
    ``paper`` counts all. Source: FER-V-02, FER-V-03.
    """
    dropped = spec.load().text("FER-V-02", "partial_batch", profile) == "dropped"
    return n - n % batch if dropped else n


def evaluated_images(n: int, batch: int, profile: Profile = DEFAULT_PROFILE) -> int:
    """Return how many of ``n`` images the evaluation of a run counts. All count if the protocol counts none.

    The latter allows trainings on few images. Source: FER-V-02, FER-V-03.
    """
    return reported_images(n, batch, profile) or n


def _float32(value: float) -> float:
    # ctypes, because NumPy's scalars would dominate the time of an audit
    return c_float(value).value
