"""The callback follows Keras' own callbacks over any losses, and trains in two phases on every backend."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from ferspec.callbacks import ProtocolSchedule
from ferspec.errors import UserError
from helpers.made.logs import FALLING, HEAD, LOSSES, trained
from helpers.processes import run_python

TWO_PHASES = """
import keras, numpy as np
from ferspec.callbacks import ProtocolSchedule

rng = np.random.default_rng(0)
labels = np.arange(70) % 7
images = (np.eye(7)[labels] + rng.normal(0, 0.1, (70, 7))).astype("float32")
base, head = keras.layers.Dense(16, "relu"), keras.layers.Dense(7, "softmax")
model = keras.Sequential([keras.Input((7,)), base, head])
schedule, epochs, frozen = ProtocolSchedule("imagenet"), [], []
for phase in schedule:
    base.trainable = not phase.frozen
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    bases = [base.get_weights()[0]]
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: bases.append(base.get_weights()[0]))
    given = {"validation_data": (images, labels), "callbacks": [watch, schedule], "verbose": 0}
    fit = model.fit(images, labels, epochs=5 if phase.longest is None else schedule.epochs, **given)
    epochs.append(len(fit.epoch))
    frozen.append(all(np.array_equal(bases[0], later) for later in bases))
    best = max(fit.history["val_accuracy"])
assert epochs[0] == 20 and frozen == [True, False], (epochs, frozen)
reached = model.evaluate(images, labels, verbose=0, return_dict=True)["accuracy"]
assert reached >= best - 1e-6, (reached, best)
"""


def followed(schedule, losses, accuracies=None):
    """Return the rates of the epochs until the schedule stops, and the weights that it leaves."""
    state = []
    model = SimpleNamespace(
        optimizer=SimpleNamespace(learning_rate=None),
        stop_training=False,
        get_weights=lambda: len(state),
        set_weights=state.append,
    )
    schedule.set_model(model)
    rates = []
    for epoch, loss in enumerate(losses):
        schedule.on_epoch_begin(epoch)
        rates.append(model.optimizer.learning_rate)
        state.append(epoch)
        schedule.on_epoch_end(epoch, {"val_loss": loss, "val_accuracy": (accuracies or losses)[epoch]})
        if model.stop_training:
            break
    schedule.on_train_end()
    return rates, state[-1]


def test_from_scratch_it_follows_kerass_own_plateau_and_stopping_callbacks():
    expected = trained(LOSSES)
    rates, _ = followed(ProtocolSchedule(), LOSSES)
    assert len(rates) == len(expected)
    assert np.array_equal(np.float32(rates), np.float32(expected.rate))


@pytest.mark.parametrize(("profile", "length"), [("released", 20), ("paper", 30)])
def test_the_first_of_two_phases_has_a_fixed_length_and_the_second_begins_at_the_initial_rate(profile, length):
    schedule = ProtocolSchedule("imagenet", profile)
    frozen, rates = [], []
    for phase in schedule:
        frozen.append(phase.frozen)
        rates.append(followed(schedule, HEAD if phase.frozen else LOSSES)[0])
    assert frozen == [True, False]
    assert len(rates[0]) == length
    assert np.array_equal(np.float32(rates[1]), np.float32(trained(LOSSES).rate))


def test_the_weights_of_the_best_validation_accuracy_of_all_phases_remain():
    schedule = ProtocolSchedule("imagenet")
    accuracies = iter((0.9, 0.8))
    left = [followed(schedule, FALLING, [0.5] * 3 + [next(accuracies)] + [0.4] * 11)[1] for _ in schedule]
    # get_weights counts the epochs trained: the best are those after the fourth
    assert left == [4, 4]


@pytest.mark.parametrize("logs", [{"accuracy": 0.5, "loss": 1.0}, {"val_loss": 1.0, "val_acc": 0.5}])
def test_a_fit_without_validation_or_accuracy_is_refused(logs):
    schedule = ProtocolSchedule()
    schedule.set_model(SimpleNamespace(optimizer=SimpleNamespace(), get_weights=list))
    with pytest.raises(UserError, match="pass validation_data to fit, and metrics"):
        schedule.on_epoch_end(0, logs)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_a_network_is_trained_in_two_phases_on_any_backend(backend):
    pytest.importorskip(backend)
    done = run_python(TWO_PHASES, env=os.environ | {"KERAS_BACKEND": backend})
    assert done.returncode == 0, done.stderr
