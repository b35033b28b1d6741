"""Hyper-parameters that the protocol does not have, or that differ between networks (FER-S)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec import spec
from mutants.kinds import right, wrong

PROTOCOL: dict[str, Any] = {
    **{"optimizer": "adam", "beta_1": 0.9, "beta_2": 0.999, "learning_rate": 1e-4},
    "loss": "categorical_crossentropy",
    "plateau_monitor": "val_loss",
    "plateau_patience": 10,
    "factor": 0.5,
    "minimum_rate": 1e-10,
    "plateau_min_delta": 1e-4,
    "stopping_monitor": "val_loss",
    "stopping_patience": 20,
}


def hyperparameters(
    only: tuple[str, ...] = (), protocol: dict[str, Any] = PROTOCOL, **changed: Any
) -> Callable[..., dict[str, Any]]:
    """Hyper-parameters changed for these networks, or for all."""
    return lambda architecture: protocol | (changed if not only or architecture in only else {})


MISSTATED = {
    "FER-S-01": {
        "SGD": {"optimizer": "sgd"},
        "AdamW": {"optimizer": "adamw"},
        "RMSprop": {"optimizer": "rmsprop"},
        "beta_1 0.5": {"beta_1": 0.5},
        "beta_2 0.99": {"beta_2": 0.99},
        "decay rates swapped": {"beta_1": 0.999, "beta_2": 0.9},
        "amsgrad": {"amsgrad": True},
        "weights decayed": {"weight_decay": 0.1},
    },
    "FER-S-02": {"a rate of 1e-2": {"learning_rate": 1e-2}, "a rate of 3e-4": {"learning_rate": 3e-4}},
    "FER-S-03": {
        "plateau on the validation accuracy": {"plateau_monitor": "val_accuracy"},
        "plateau on the training loss": {"plateau_monitor": "loss"},
        "plateau after the patience of stopping": {"plateau_patience": 20},
        "plateau after 5 epochs": {"plateau_patience": 5},
        "factor 0.1": {"factor": 0.1},
        "factor 0.25": {"factor": 0.25},
        "a cooldown of 5 epochs": {"cooldown": 5},
        "minimum 0": {"minimum_rate": 0},
        "minimum 1e-6": {"minimum_rate": 1e-6},
    },
    "FER-S-04": {"min_delta 0": {"plateau_min_delta": 0}, "min_delta 1e-3": {"plateau_min_delta": 1e-3}},
    "FER-S-05": {
        "stopping on the validation accuracy": {"stopping_monitor": "val_accuracy"},
        "stopping after the patience of the plateau rule": {"stopping_patience": 10},
        "stopping after 30 epochs": {"stopping_patience": 30},
    },
    "FER-S-11": {
        "binary cross-entropy": {"loss": "binary_crossentropy"},
        "squared error": {"loss": "mean_squared_error"},
        "focal loss": {"loss": "categorical_focal_crossentropy"},
    },
}
OTHERS = tuple(spec.load().networks)[1:]
SET_ON = {"weights decayed": {"weight_decay": 0.01}, "amsgrad": {"amsgrad": True}, "a cooldown": {"cooldown": 5}}

MUTANTS = (
    *(
        wrong(clause, f"hyper-parameters with {name}", hyperparameters=hyperparameters(**changed))
        for clause, misstated in MISSTATED.items()
        for name, changed in misstated.items()
    ),
    wrong(
        "FER-S-02",
        "a rate of 1e-3, Keras' default",
        profile="paper",
        hyperparameters=hyperparameters(learning_rate=1e-3),
    ),
    wrong(
        "FER-S-12", "one network at another rate", hyperparameters=hyperparameters(("ResNet50",), learning_rate=1e-5)
    ),
    wrong(
        "FER-S-12",
        "the last network trained by SGD",
        hyperparameters=hyperparameters(("MediaPipeVGGNet",), optimizer="sgd"),
    ),
    wrong(
        "FER-S-12",
        "deep networks given more patience",
        hyperparameters=hyperparameters(("DenseNet121", "Xception"), stopping_patience=30),
    ),
    wrong(
        "FER-S-12",
        "one network at the default rate",
        profile="paper",
        hyperparameters=hyperparameters(("SMMB",), learning_rate=1e-3),
    ),
    *(
        wrong(
            "FER-S-12", f"{name}, though not of the first network", hyperparameters=hyperparameters(OTHERS, **changed)
        )
        for name, changed in SET_ON.items()
    ),
    right("FER-S-01", "the optimiser by the name of its class", hyperparameters=hyperparameters(optimizer="Adam")),
    right(
        "FER-S-01",
        "decay rates in single precision",
        hyperparameters=hyperparameters(beta_1=float(np.float32(0.9)), beta_2=float(np.float32(0.999))),
    ),
    right(
        "FER-S-01",
        "more than is asked for",
        hyperparameters=hyperparameters(epsilon=1e-7, weight_decay=None, amsgrad=False),
    ),
    right("FER-S-02", "another rate of the runs", hyperparameters=hyperparameters(learning_rate=1e-3)),
    right(
        "FER-S-02",
        "a rate in single precision",
        profile="paper",
        hyperparameters=hyperparameters(learning_rate=float(np.float32(1e-4))),
    ),
    right("FER-S-03", "patience as a number with a point", hyperparameters=hyperparameters(plateau_patience=10.0)),
    right("FER-S-11", "labels as integers", hyperparameters=hyperparameters(loss="sparse_categorical_crossentropy")),
    right(
        "FER-S-11", "the loss by the name of its class", hyperparameters=hyperparameters(loss="CategoricalCrossentropy")
    ),
    right("FER-S-12", "every network at another rate of the runs", hyperparameters=hyperparameters(learning_rate=1e-5)),
    right(
        "FER-S-12",
        "one network alone of which it is told what is off",
        hyperparameters=hyperparameters(("Xception",), weight_decay=0.0, amsgrad=False, cooldown=0),
    ),
)
