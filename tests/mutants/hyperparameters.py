"""Hyper-parameters outside the protocol, or different between networks (FER-S)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.schedule.hyperparameters import OFF, STATED
from mutants.kinds import Mutant, right, wrong

PROTOCOL: dict[str, Any] = {name: stated.values[0] for name, stated in STATED.items()}


def hyperparameters(
    only: tuple[str, ...] = (), protocol: dict[str, Any] = PROTOCOL, **changed: Any
) -> Callable[..., dict[str, Any]]:
    """Hyper-parameters changed for these networks, or for all."""
    return lambda architecture: protocol | (changed if not only or architecture in only else {})


MISSTATED = {
    "FER-S-01": {
        "SGD": {"optimizer": "sgd"},
        "RMSprop": {"optimizer": "rmsprop"},
        "beta_1 0.5": {"beta_1": 0.5},
        "beta_2 0.99": {"beta_2": 0.99},
        "decay rates swapped": {"beta_1": 0.999, "beta_2": 0.9},
    },
    "FER-S-02": {"a rate of 1e-2": {"learning_rate": 1e-2}, "a rate of 3e-4": {"learning_rate": 3e-4}},
    "FER-S-03": {"plateau after 5 epochs": {"plateau_patience": 5}, "minimum 1e-6": {"minimum_rate": 1e-6}},
    "FER-S-04": {"min_delta 1e-3": {"plateau_min_delta": 1e-3}},
    "FER-S-05": {"stopping after 30 epochs": {"stopping_patience": 30}},
    "FER-S-11": {
        "squared error": {"loss": "mean_squared_error"},
        "focal loss": {"loss": "categorical_focal_crossentropy"},
    },
}
OTHERS = tuple(spec.load().networks)[1:]
SET_ON = {"weight_decay": 0.1, "amsgrad": True, "cooldown": 5}


def known(clause: str, name: str, value: Any, cause: str) -> Mutant:
    """Return hyper-parameters with a wrong value that the check of its name explains."""
    capability = hyperparameters(**{name: value})
    return replace(wrong(clause, f"{name} {value}", profile="paper", hyperparameters=capability), cause=cause)


MUTANTS = (
    *(
        wrong(clause, f"hyper-parameters with {name}", hyperparameters=hyperparameters(**changed))
        for clause, misstated in MISSTATED.items()
        for name, changed in misstated.items()
    ),
    *(
        known(stated.clause, name, value, cause)
        for name, stated in STATED.items()
        for value, cause in stated.mistakes.items()
    ),
    *(
        known(clause, name, SET_ON[name], f"{name} is set, which the protocol leaves off")
        for name, clause in OFF.items()
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
            "FER-S-12",
            f"{name}, though not of the first network",
            hyperparameters=hyperparameters(OTHERS, **{name: value}),
        )
        for name, value in SET_ON.items()
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
        "one network alone that lists what is off",
        hyperparameters=hyperparameters(("Xception",), weight_decay=0.0, amsgrad=False, cooldown=0),
    ),
)
