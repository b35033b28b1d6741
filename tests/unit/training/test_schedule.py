"""The schedule agrees with Keras' own callbacks, epoch by epoch, and for losses of NaN."""

import math
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferspec.checks.implementation.schedule.checks import PLATEAUS
from ferspec.reference.schedule import next_step, replay

NAN = math.nan
# losses on a coarse grid, so that ties and steps of exactly min_delta abound
ON_A_GRID = st.integers(-6, 6).map(lambda steps: 1.0 + steps * 1e-4)
LOSSES = st.lists(ON_A_GRID | st.floats(0.125, 20, width=32) | st.just(NAN), max_size=60) | st.lists(
    st.floats(1.0, 1.0005), min_size=20, max_size=60
)
RATES = st.sampled_from([1e-3, 1e-4, 1e-5, 2.5e-5, 3e-10, 1e-10, 1e-11])


def same(rates: Sequence[float], expected: Sequence[float]) -> bool:
    """Whether rates are the same numbers in float32, in which Keras keeps them."""
    return np.array_equal(np.float32(rates), np.float32(expected))


def keras_rates(losses: Sequence[float], initial_rate: float, cooldown: int = 0) -> list[float]:
    """The rates that Keras' own ReduceLROnPlateau trains with, min_delta its default."""
    import keras

    model = SimpleNamespace(optimizer=keras.optimizers.SGD(initial_rate))
    callback = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=10, min_lr=1e-10, cooldown=cooldown)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        rates.append(float(model.optimizer.learning_rate.numpy()))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    return rates


def keras_stop(losses: Sequence[float]) -> int | None:
    """The epoch after which Keras' own EarlyStopping stops."""
    import keras

    model = SimpleNamespace(stop_training=False)
    callback = keras.callbacks.EarlyStopping(patience=20)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            return epoch
    return None


@given(losses=LOSSES, initial_rate=RATES)
@settings(deadline=None, max_examples=60)
@example(losses=[1.0, *[1.0 - 1e-4] * 15], initial_rate=1e-4)
@example(losses=[math.inf, *[1.0] * 15], initial_rate=1e-4)
def test_keras_trains_every_epoch_with_the_rate_of_the_schedule(losses, initial_rate):
    assert same(keras_rates(losses, initial_rate), replay(losses, initial_rate).rates)


@given(losses=LOSSES)
@settings(deadline=None, max_examples=60)
def test_keras_stops_after_the_epoch_of_the_schedule(losses):
    assert keras_stop(losses) == replay(losses, 1e-4).stop


@pytest.mark.parametrize("situation", PLATEAUS.values(), ids=PLATEAUS)
def test_a_cooldown_of_one_epoch_has_no_effect_in_keras(situation):
    """It ends before the first epoch it could hold up, so that no log can show it."""
    assert same(keras_rates(situation.losses, situation.initial_rate, cooldown=1), situation.rates)


@pytest.mark.parametrize("losses", [[1.0, *[NAN] * 20], [NAN, *[1.0] * 20]], ids=["from the second on", "the first"])
@pytest.mark.parametrize("rates", [keras_rates, lambda losses, rate: replay(losses, rate).rates], ids=["Keras", "ours"])
@pytest.mark.parametrize("stop", [keras_stop, lambda losses: replay(losses, 1e-4).stop], ids=["Keras", "ours"])
def test_a_loss_that_is_nan_improves_nothing_and_nothing_improves_on_it(losses, rates, stop):
    assert same(rates(losses, 1e-4), [1e-4] * 11 + [5e-5] * 10)
    assert stop(losses) == 20


@given(losses=LOSSES, initial_rate=RATES)
def test_one_epoch_at_a_time_the_schedule_is_the_same(losses, initial_rate):
    whole = replay(losses, initial_rate)
    steps = [next_step(losses[:epochs], initial_rate) for epochs in range(len(losses) + 1)]
    assert tuple(step.rate for step in steps[:-1]) == whole.rates
    assert next((epoch for epoch, step in enumerate(steps[1:]) if step.stop), None) == whole.stop


@given(losses=LOSSES)
def test_training_stops_when_the_patience_left_is_used_up(losses):
    step = next_step(losses, 1e-4)
    if not step.stop and losses:
        worse = [*losses, *[NAN] * step.patience_left]
        assert next_step(worse, 1e-4).stop
        assert not next_step(worse[:-1], 1e-4).stop


def test_before_the_first_epoch_the_rate_is_the_initial_one():
    step = next_step([], 1e-4)
    assert (np.float32(step.rate), step.stop, step.waited, step.patience_left) == (np.float32(1e-4), False, 0, 20)
