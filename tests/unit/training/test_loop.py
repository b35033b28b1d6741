"""The loop of a training: it follows the schedule, and resumes after any interruption with the same result."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.schedule import PhasePlan, replay
from ferspec.reference.training.fit import Listener, Outlook
from helpers.miniatures import CENTRES
from helpers.places import TESTS
from helpers.processes import START_KERAS, run_python
from helpers.tiny.training import (
    BATCH,
    CLASSES,
    ONE_PHASE,
    RATE,
    SIDE,
    TWO_PHASES,
    based,
    left,
    plain,
    scripted,
    task,
    trained,
)

UNTIL_IT_STOPS = (PhasePlan(frozen=False, initial_rate=RATE, longest=None),)
PLANS = {"one phase": ONE_PHASE, "two phases": TWO_PHASES}
AGAIN = """
import json, sys
from pathlib import Path
import numpy as np
np.random.seed(99)
from helpers.tiny import training as tiny_training
settings = tiny_training.task(plans=tiny_training.TWO_PHASES)
print(json.dumps(tiny_training.left(tiny_training.trained(Path(sys.argv[1]), settings))))
"""


class Stopping(Listener):
    """Raises ``KeyboardInterrupt`` after ``epochs`` epochs, or after ``step`` steps of the next epoch."""

    def __init__(self, epochs, step=None):
        self._epochs, self._step = epochs, step

    def step(self, epoch, done, steps):
        if (epoch, done) == (self._epochs, self._step):
            raise KeyboardInterrupt

    def epoch(self, rows, outlook):
        if self._step is None and len(rows) == self._epochs:
            raise KeyboardInterrupt


class Heard(Listener):
    """Keeps what it hears."""

    def __init__(self):
        self.kept, self.steps, self.rows, self.outlooks = [], [], [], []

    def resume(self, rows):
        self.kept = list(rows)

    def step(self, epoch, done, steps):
        self.steps.append((epoch, done, steps))

    def epoch(self, rows, outlook):
        self.rows, self.outlooks = list(rows), [*self.outlooks, outlook]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """By its phases, a training that nobody stops, and what its listener heard."""

    def heard_of(plans):
        heard = Heard()
        return trained(tmp_path_factory.mktemp("whole"), task(plans=plans), listener=heard), heard

    return {name: heard_of(plans) for name, plans in PLANS.items()}


@pytest.fixture(scope="module")
def uninterrupted(whole):
    """What a training leaves that nobody stops, by its phases."""
    return {name: left(done) for name, (done, _) in whole.items()}


@pytest.mark.parametrize(
    ("phases", "epochs", "step"),
    [
        pytest.param("one phase", 1, None, id="one phase, after its first epoch"),
        pytest.param("one phase", 2, 2, id="one phase, in the middle of its third epoch"),
        pytest.param("two phases", 1, 1, id="two phases, in the middle of the first"),
        pytest.param("two phases", 2, None, id="two phases, between them"),
        pytest.param("two phases", 2, 3, id="two phases, in the first epoch of the second"),
        pytest.param("two phases", 4, None, id="two phases, in the second"),
        pytest.param("two phases", 5, None, id="two phases, after the last epoch"),
    ],
)
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path, uninterrupted, phases, epochs, step):
    settings = task(plans=PLANS[phases])
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, settings, listener=Stopping(epochs, step))
    heard = Heard()
    resumed = trained(tmp_path, settings, listener=heard)
    assert left(resumed) == uninterrupted[phases]
    assert heard.kept == list(resumed.rows[:epochs])
    assert {epoch for epoch, _, _ in heard.steps} == set(range(epochs, len(resumed.rows))), "no epoch is done twice"


def test_a_new_process_with_another_random_state_resumes_the_same_training(tmp_path, uninterrupted):
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, task(plans=TWO_PHASES), listener=Stopping(3))
    ran = run_python(START_KERAS + AGAIN, tmp_path, check=True, cwd=TESTS)
    assert json.loads(ran.stdout.splitlines()[-1]) == uninterrupted["two phases"]


def test_another_seed_is_another_training(tmp_path, uninterrupted):
    other = left(trained(tmp_path, task(seed=6)))
    assert other["weights"] != uninterrupted["one phase"]["weights"]
    assert other["rows"] != uninterrupted["one phase"]["rows"]


def test_the_optimiser_is_adam_with_the_decays_of_the_runs(whole):
    import keras

    optimizer = whole["one phase"][0].network.optimizer
    assert type(optimizer) is keras.optimizers.Adam
    assert (optimizer.beta_1, optimizer.beta_2, optimizer.amsgrad, optimizer.weight_decay) == (0.9, 0.999, False, None)


# Falls; falls by too little for the plateau rule, yet enough to continue; falls once more; then is constant to the end.
LOSSES = (*np.linspace(2, 1.6, 5), *(1.6 - 1e-5 * np.arange(1, 13)), 1.2, *([1.3] * 30))
METRICS = tuple((float(loss), 0.3) for loss in LOSSES)


@pytest.mark.parametrize("stopped", [None, 12], ids=["uninterrupted", "stopped on the plateau and started again"])
def test_the_schedule_drives_rate_and_end(tmp_path, stopped):
    expected = replay(LOSSES, RATE)
    assert expected.stop == 17 + spec.load().value("FER-S-05", "patience"), "20 epochs after the best one, the 18th"
    assert len(set(expected.rates[: expected.stop])) == 3, "halved on each of the two plateaus"
    settings, rates = task(plans=UNTIL_IT_STOPS), []
    if stopped is not None:
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, settings, scripted(METRICS, rates), Stopping(stopped))
    heard = Heard()
    done = trained(tmp_path, settings, scripted(METRICS[stopped or 0 :], rates), heard)
    assert done.ended == ("early stopping",)
    assert [row.epoch for row in done.rows] == list(range(expected.stop + 1))
    assert tuple(rates) == expected.rates[: expected.stop + 1], "what the optimiser really had"
    assert tuple(row.learning_rate for row in done.rows) == tuple(rates)
    assert [outlook.epochs for outlook in heard.outlooks[-21:]] == list(range(20, -1, -1))
    assert not any(outlook.firm for outlook in heard.outlooks)


def test_the_final_weights_are_those_of_the_first_best_epoch(tmp_path):
    weights = []
    accuracies = (0.2, 0.6, 0.4, 0.6)
    done = trained(tmp_path, task(), scripted([(1.0, accuracy) for accuracy in accuracies], weights=weights))
    assert done.best.epoch == 1
    assert left(done)["weights"] == weights[1]
    assert len(set(weights)) == 4


def test_the_second_phase_starts_from_the_best_epoch_of_the_first_at_the_first_rate(tmp_path):
    plans = (PhasePlan(True, RATE, 3), PhasePlan(False, 1e-30, 1))
    done = trained(tmp_path, task(plans=plans), still_based((0.2, 0.6, 0.4, 0.1), weights := []))
    assert [row.phase for row in done.rows] == [1, 1, 1, 2]
    assert done.rows[3].learning_rate == np.float32(1e-30)
    best, last, after = (np.concatenate(weights[epoch]) for epoch in (1, 2, 3))
    # at a rate of nothing, an epoch leaves the weights that it started from
    np.testing.assert_allclose(after, best, rtol=0, atol=1e-20)
    assert np.abs(last - best).max() > 1e-4


def still_based(accuracies, weights):
    """Return a maker of a network with a base to freeze and no random layer, which claims these accuracies."""
    import keras

    claims = iter(accuracies)

    class Scripted(keras.Sequential):
        def evaluate(self, *args, **options):
            weights.append([np.array(weight).ravel() for weight in self.weights])
            return {"loss": 1.0, "accuracy": next(claims)}

    def network():
        base = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Conv2D(2, 3)], name="base")
        head = (keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax"))
        return Scripted([keras.Input((SIDE, SIDE, 3)), base, *head])

    return network


class Plain:
    """Images of one colour each, which no rotation, shift or zoom changes."""

    def __init__(self, count):
        self.labels = np.arange(count) % CLASSES

    def __len__(self):
        return len(self.labels)

    def read(self, indices):
        pixels = CENTRES[self.labels[indices]].astype(np.uint8)[:, None, None]
        return np.tile(pixels, (1, SIDE, SIDE, 1))


def entropies(network, images, count):
    """Return the cross-entropy of each of the first images, from the probabilities alone."""
    pixels = images.read(np.arange(count)).astype(np.float32) / 255
    probabilities = np.asarray(network(pixels, training=False), np.float64)
    return -np.log(probabilities[np.arange(count), images.labels[:count]]), probabilities.argmax(axis=1)


def test_class_weights_act_on_the_training_loss_only(tmp_path):
    images, still = Plain(3 * BATCH), (PhasePlan(False, 1e-30, 1),)
    weighted = task(training=images, validation=images, plans=still)
    done = trained(tmp_path / "weighted", weighted, plain)
    each, _ = entropies(done.network, images, len(images))
    weights = weighted.class_weights[images.labels]
    assert abs((weights * each).mean() - each.mean()) > 0.01, "the weights make a difference"
    assert done.rows[0].loss == pytest.approx((weights * each).mean(), rel=1e-5)
    assert done.rows[0].val_loss == pytest.approx(each.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("profile", "counted", "augment"),
    [("released", 16, "threads"), ("paper", 20, "device"), ("released", 16, "reference")],
)
def test_validation_images_are_not_augmented(tmp_path, profile, counted, augment):
    settings = task(profile=profile, augment=augment)
    done = trained(tmp_path, settings)
    each, predicted = entropies(done.network, settings.validation, counted)
    assert done.best.val_loss == pytest.approx(each.mean(), rel=1e-5)
    assert done.best.val_accuracy == pytest.approx((predicted == settings.validation.labels[:counted]).mean(), abs=1e-7)


@pytest.mark.parametrize(
    ("plans", "cap", "ended"),
    [
        pytest.param(ONE_PHASE, 2, ("epochs cap",), id="a cap that binds"),
        pytest.param(ONE_PHASE, 4, ("length of the phase",), id="a cap as long as the phase"),
        pytest.param(TWO_PHASES, 2, ("length of the phase", "epochs cap"), id="a cap that binds in one of two phases"),
    ],
)
def test_the_reason_for_the_end_of_a_phase_is_recorded(tmp_path, plans, cap, ended):
    assert trained(tmp_path, task(plans=plans, epochs_cap=cap)).ended == ended


def test_a_listener_receives_every_step_and_the_remaining_work(whole):
    done, heard = whole["two phases"]
    assert heard.steps == [(epoch, step, 3) for epoch in range(5) for step in (1, 2, 3)]
    assert heard.rows == list(done.rows)
    left = [replace(outlook, seconds=0.0) for outlook in heard.outlooks]
    assert left == [Outlook(epochs, firm=True) for epochs in (1, 0, 2, 1, 0)]
    assert sum(outlook.seconds for outlook in heard.outlooks) == pytest.approx(done.seconds)
    assert all(outlook.seconds > 0 for outlook in heard.outlooks)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_training_resumes_and_saves_a_network_in_float32(tmp_path, precision):
    import keras

    settings, computed = task(precision=precision, plans=TWO_PHASES), []

    def network():
        made = based()
        computed.append(made.layers[0].layers[0].compute_dtype)
        return made

    whole = left(trained(tmp_path / "whole", settings))
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped", settings, listener=Stopping(3))
    done = trained(tmp_path / "stopped", settings, network)
    assert left(done) == whole
    assert computed == [precision.removeprefix("mixed_")]
    assert keras.config.dtype_policy().name == "float32"

    done.network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert {layer.compute_dtype for layer in loaded._flatten_layers()} == {"float32"}
    plainly = based()
    plainly.set_weights(loaded.get_weights())
    pixels = settings.validation.read(np.arange(20)).astype(np.float32) / 255
    assert np.array_equal(loaded(pixels), plainly(pixels))
    assert np.array_equal(done.network(pixels), plainly(pixels)), "and so it is predicted before it is saved"


def test_training_compiled_by_xla_is_the_same(tmp_path):
    interpreted, compiled = (trained(tmp_path / str(jit), task(jit=jit), plain) for jit in (False, True))
    assert (interpreted.network.jit_compile, compiled.network.jit_compile) == (False, True)
    assert [row.val_loss for row in compiled.rows] == pytest.approx(
        [row.val_loss for row in interpreted.rows], rel=1e-4
    )


# Keras also warns, and would continue
@pytest.mark.filterwarnings("ignore:Model doesn't support `jit_compile=True`:UserWarning")
def test_a_training_that_xla_cannot_compile_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"XLA cannot compile this training.*leave out --jit"):
        trained(tmp_path, task(jit=True, augment="device"), plain)


def test_settings_of_tensorflow_are_restored(tmp_path):
    from tensorflow.python.framework.config import is_op_determinism_enabled

    assert not is_op_determinism_enabled()
    trained(tmp_path, task(epochs_cap=1), plain)
    assert not is_op_determinism_enabled()
