"""Class weights by other rules, from other images, or applied differently (FER-W)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ferspec.checks.implementation.weighting.mistakes import (
    CLASS_WEIGHTS,
    OTHER_LOSSES,
    OUT_OF_ORDER,
    WEIGHTED_LOSSES,
    WEIGHTS_OF_DATASET,
    losses,
    weights,
    weights_of_dataset,
)
from ferspec.checks.implementation.weighting.witness import CAP, Rule, simple
from mutants.kinds import mistaken, refusing, right, wrong

BY_TOTAL = weights(lambda counts: counts.sum() / counts)
UNWEIGHTED = losses(weight=lambda w, y, p: 1.0)
WHOLE_DATASET = weights_of_dataset(lambda labels, splits: labels)
# the right weights, on other classes
ORDERS: dict[str, Rule] = {
    "weights in the order of counts": np.sort,
    "weights from the last class to the first": lambda weights: weights[::-1],
}


def training_alone(labels: np.ndarray, splits: np.ndarray) -> np.ndarray:
    return labels[splits == "training"]


def always(balancing: str) -> Any:
    return lambda labels, splits, **_: weights_of_dataset(training_alone)(labels, splits, balancing)


def first(images: int) -> Any:
    """Count the training images among the first."""
    return weights_of_dataset(lambda labels, splits: training_alone(labels[:images], splits[:images]))


def single(values: list[float]) -> list[float]:
    return np.float32(values).astype(float).tolist()


def of_log_softmax(labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
    """The loss as frameworks that work on logits compute it, in single precision."""
    logits = np.log(np.float32(probabilities))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return (-np.float32(class_weights)[labels] * log[np.arange(len(labels)), labels]).astype(float).tolist()


def equal_classes(asked: dict[str, Any]) -> bool:
    return len(set(asked["counts"])) == 1


MUTANTS = (
    *mistaken("FER-W-01", "class_weights", CLASS_WEIGHTS["simple"]),
    *mistaken("FER-W-02", "class_weights", CLASS_WEIGHTS["conservative"]),
    *(
        wrong(
            clause,
            "weights by the total count, and equal classes refused",
            class_weights=refusing(equal_classes, BY_TOTAL),
        )
        for clause in ("FER-W-01", "FER-W-02")
    ),
    *(
        replace(
            wrong("FER-W-01", name, class_weights=weights(lambda n, order=order: order(simple(n)))), cause=OUT_OF_ORDER
        )
        for name, order in ORDERS.items()
    ),
    *(
        replace(
            wrong(
                "FER-W-02",
                f"{name}, then capped",
                class_weights=weights(lambda n, order=order: np.minimum(order(simple(n)), CAP), ("conservative",)),
            ),
            cause=OUT_OF_ORDER,
        )
        for name, order in ORDERS.items()
    ),
    wrong(
        "FER-W-01", "weights as text", class_weights=lambda *asked, **named: list(map(str, weights()(*asked, **named)))
    ),
    wrong("FER-W-01", "simple weights capped at 100", class_weights=weights(lambda n: np.minimum(simple(n), 100))),
    wrong("FER-W-02", "a cap of 2.99", class_weights=weights(lambda n: np.minimum(simple(n), 2.99), ("conservative",))),
    *mistaken("FER-W-03", "weights_of_dataset", WEIGHTS_OF_DATASET),
    wrong(
        "FER-W-03",
        "weights from the first 30 images",
        weights_of_dataset=weights_of_dataset(lambda labels, splits: labels[:30]),
    ),
    wrong("FER-W-03", "weights from the first 20,000 images", weights_of_dataset=first(20_000)),
    wrong(
        "FER-W-03",
        "weights from the whole dataset, and small datasets refused",
        weights_of_dataset=refusing(lambda asked: len(asked["labels"]) < 200, WHOLE_DATASET),
    ),
    wrong(
        "FER-W-03",
        "weights from all but the last training images",
        weights_of_dataset=weights_of_dataset(lambda labels, splits: training_alone(labels, splits)[:40]),
    ),
    wrong("FER-W-03", "simple weights whatever the balancing", weights_of_dataset=always("simple")),
    wrong("FER-W-03", "conservative weights whatever the balancing", weights_of_dataset=always("conservative")),
    *mistaken("FER-W-04", "losses", WEIGHTED_LOSSES),
    wrong(
        "FER-W-04",
        "losses without weights, and weights below 1 refused",
        losses=refusing(lambda asked: min(asked["class_weights"]) < 1, UNWEIGHTED),
    ),
    wrong("FER-W-04", "one mean instead of a loss per image", losses=losses(reduced=np.mean)),
    wrong(
        "FER-W-04",
        "images of weight above 2 drawn twice",
        losses=losses(reduced=lambda losses: np.concatenate([losses, losses[:5]])),
    ),
    *mistaken("FER-S-11", "losses", OTHER_LOSSES),
    right("FER-W-01", "weights in single precision", class_weights=lambda **asked: single(weights()(**asked))),
    right("FER-W-01", "weights by multiplying with the inverse", class_weights=weights(lambda n: n.max() * (1 / n))),
    right("FER-W-02", "capped weights in single precision", class_weights=lambda **asked: single(weights()(**asked))),
    right(
        "FER-W-02",
        "the cap put on counts from below",
        class_weights=weights(lambda counts: simple(np.maximum(counts, counts.max() / CAP))),
    ),
    right(
        "FER-W-02",
        "weights with integers where they are whole",
        class_weights=lambda **asked: [
            int(weight) if weight == int(weight) else weight for weight in weights()(**asked)
        ],
    ),
    right("FER-W-03", "training images counted one by one", weights_of_dataset=weights_of_dataset(training_alone)),
    right("FER-W-04", "losses in double precision", losses=losses()),
    right("FER-W-04", "losses from logits, in single precision", losses=of_log_softmax),
    right(
        "FER-W-04",
        "probabilities clipped at 1e-7, as Keras does",
        losses=losses(entropy=lambda p: -np.log(np.clip(p, 1e-7, 1))),
    ),
    right("FER-S-11", "unweighted losses from logits, in single precision", losses=of_log_softmax),
)
