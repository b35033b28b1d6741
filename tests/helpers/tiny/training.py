"""Miniature trainings: coloured patches in memory, small networks, and a schedule of a few epochs."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache

import numpy as np

from ferspec.reference.models.preprocessing import RESCALED
from ferspec.reference.schedule import PhasePlan
from ferspec.reference.training.devices import strategy_over
from ferspec.reference.training.fit import Listener, Task, train, training_scope
from ferspec.reference.training.settings import TrainingSettings
from helpers import miniatures

SIDE, BATCH, CLASSES = 8, 8, len(miniatures.CLASSES)
RATE = 0.01
ONE_PHASE = (PhasePlan(frozen=False, initial_rate=RATE, longest=4),)
TWO_PHASES = (PhasePlan(frozen=True, initial_rate=RATE, longest=2), PhasePlan(False, initial_rate=RATE, longest=3))


class Patches:
    """Images whose colour is their class, with noise; ``labels`` are drawn, so that classes differ in number."""

    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, CLASSES, count)
        noise = rng.normal(0, 60, (count, SIDE, SIDE, 3))
        self.pixels = (miniatures.CENTRES[self.labels][:, None, None] + noise).clip(0, 255).astype(np.uint8)

    def __len__(self):
        return len(self.labels)

    def read(self, indices):
        return self.pixels[indices]


@cache
def a_task():
    """Return 28 images to train on and 20 to validate on, 8 at a time: neither are whole batches."""
    return Task(
        training=Patches(28, seed=1),
        validation=Patches(20, seed=2),
        class_weights=np.linspace(0.5, 2, CLASSES),
        preprocessing=RESCALED,
        plans=ONE_PHASE,
        batch=BATCH,
        settings=TrainingSettings(seed=5),
    )


def task(**changes):
    """Return the task with other fields, or with settings of other values."""
    settings = {name: changes.pop(name) for name in TrainingSettings.model_fields if name in changes}
    return replace(a_task(), settings=a_task().settings.model_copy(update=settings), **changes)


def plain():
    """Return a network without a random or a normalising layer."""
    import keras

    layers = keras.layers
    convolution = layers.Conv2D(4, 3, activation="relu")
    head = layers.Dense(CLASSES, activation="softmax")
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), convolution, layers.Flatten(), head])


def based():
    """Return a head with dropout on a base with batch normalisation and dropout."""
    import keras

    layers = keras.layers
    inside = (layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.2))
    base = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *inside], name="base")
    head = (layers.Flatten(), layers.Dropout(0.3), layers.Dense(CLASSES, activation="softmax"))
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), base, *head])


def trained(folder, task, network=based, listener=None, strategy=None):
    """Train a new network as a new process would, or resume the one in the folder."""
    with training_scope(task.settings, strategy or strategy_over(0)):
        return train(network(), task, folder, listener or Listener())


def digest(network):
    """Return a digest of every variable of a network, to the bit."""
    return hashlib.sha256(b"".join(np.asarray(variable).tobytes() for variable in network.variables)).hexdigest()


def left(result):
    """Return all that a training left that can be compared: its epochs, its weights, why its phases ended."""
    return {
        "rows": [row.model_dump() for row in result.rows],
        "weights": digest(result.network),
        "ended": list(result.ended),
    }


def scripted(figures, rates=None, weights=None):
    """Return a network maker; what it makes claims these (val_loss, val_accuracy), one an epoch, whatever it learned.

    The learning rates and the weights that it really has then are appended to ``rates`` and ``weights``.
    """
    import keras

    claims = iter(figures)

    class Scripted(keras.Sequential):
        def evaluate(self, *args, **options):
            if rates is not None:
                rates.append(float(self.optimizer.learning_rate))
            if weights is not None:
                weights.append(digest(self))
            return dict(zip(("loss", "accuracy"), next(claims), strict=True))

    layers = (keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax"))
    return lambda: Scripted([keras.Input((SIDE, SIDE, 3)), *layers])
