"""Class weights by other rules, from other images, and put on the loss in other ways (FER-W)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mutants.kinds import refusing, right, wrong

CAP = 3
CLASSES = 7

Weights = Callable[[np.ndarray], np.ndarray]


def simple(counts: np.ndarray) -> np.ndarray:
    return counts.max() / counts


def conservative(counts: np.ndarray) -> np.ndarray:
    return np.minimum(simple(counts), CAP)


def weights(of_simple: Weights = simple, of_conservative: Weights = conservative) -> Callable[..., list[float]]:
    """The capability, by these two rules."""
    rules = {"simple": of_simple, "conservative": of_conservative}
    return lambda counts, balancing: rules[balancing](np.array(counts, float)).tolist()


def capped(rule: Weights) -> Weights:
    return lambda counts: np.minimum(rule(counts), CAP)


def of_parts(*counted: str, first: int | None = None) -> Callable[..., list[float]]:
    """Weights from the images of these parts, or from so many images however they are split."""

    def weights_of_dataset(labels: list[int], parts: list[str], balancing: str) -> list[float]:
        used = [label for label, part in zip(labels, parts, strict=True) if part in counted] if counted else labels
        counts = np.bincount(used[:first], minlength=CLASSES)
        # a class that is nowhere would weigh infinitely much, which is not the mistake meant here
        return weights()(np.maximum(counts, 1), balancing)

    return weights_of_dataset


def one_weighting(rule: str) -> Callable[..., list[float]]:
    return lambda labels, parts, balancing: of_parts("training")(labels, parts, rule)


def losses(
    weighted: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] = lambda w, y, p: w[y],
    entropy: Callable[[np.ndarray], np.ndarray] = lambda p: -np.log(p),
    reduced: Callable[[np.ndarray], np.ndarray] = lambda losses: losses,
) -> Callable[..., list[float]]:
    """The capability from its three steps: the weight of each image, its loss, and what is made of all losses.

    ``weighted`` is given weights, labels and probabilities; ``entropy`` the probability of each image's class.
    """

    def capability(labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
        w, y, p = np.array(class_weights), np.array(labels), np.array(probabilities)
        return np.asarray(reduced(weighted(w, y, p) * entropy(p[np.arange(len(y)), y]))).tolist()

    return capability


def smoothed(labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
    truth = np.eye(CLASSES)[labels] * 0.9 + 0.1 / CLASSES
    return (np.array(class_weights)[labels] * -(truth * np.log(probabilities)).sum(axis=1)).tolist()


def of_all_outputs(labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
    """Binary cross-entropy over the seven outputs."""
    truth, p = np.eye(CLASSES)[labels], np.array(probabilities)
    entropy = -(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean(axis=1)
    return (np.array(class_weights)[labels] * entropy).tolist()


def softmax_again(labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
    raised = np.exp(probabilities)
    return losses()(labels, raised / raised.sum(axis=1, keepdims=True), class_weights)


def by_total(counts: np.ndarray) -> np.ndarray:
    return counts.sum() / counts


MISTAKEN: dict[str, Weights] = {
    "weights by the total count": by_total,
    "weights by the mean count, as scikit-learn's balanced": lambda counts: counts.sum() / (len(counts) * counts),
    "weights by the median count": lambda counts: np.median(counts) / counts,
    "weights upside down": lambda counts: counts / counts.max(),
    "weights by the smallest class": lambda counts: counts.min() / counts,
    "weights normalised to a mean of 1": lambda counts: simple(counts) / simple(counts).mean(),
    "weights in whole numbers": lambda counts: simple(counts).round(),
    "weights rounded to one digit": lambda counts: simple(counts).round(1),
    "weights by the logarithm of the ratio": lambda counts: 1 + np.log(simple(counts)),
    "weights by the root of the ratio": lambda counts: np.sqrt(simple(counts)),
    "weights from counts and one": lambda counts: (counts.max() + 1) / (counts + 1),
    "weights in the order of counts": lambda counts: np.sort(simple(counts)),
    "weights from the last class to the first": lambda counts: simple(counts)[::-1],
    "weights of whole divisions": lambda counts: counts.max() // counts,
    "no weights": np.ones_like,
    "effective number of images": lambda counts: (1 - 0.999**counts).max() / (1 - 0.999**counts),
}
MISCAPPED: dict[str, Weights] = {
    "the cap put on counts before the ratio": lambda counts: simple(np.minimum(counts, CAP * counts.min())),
    "the cap put on the largest count": lambda counts: CAP * np.median(counts) / counts,
    "the cap as a minimum": lambda counts: np.maximum(simple(counts), CAP),
    "the cap missing": simple,
    "a cap of 2": lambda counts: np.minimum(simple(counts), 2),
    "a cap of 2.99": lambda counts: np.minimum(simple(counts), 2.99),
    "a cap of 5": lambda counts: np.minimum(simple(counts), 5),
    "weights scaled so that the largest is the cap": lambda counts: simple(counts) * CAP / simple(counts).max(),
    "weights above the cap set to 1": lambda counts: np.where(simple(counts) > CAP, 1, simple(counts)),
    "only the largest weight capped": lambda counts: np.where(counts == counts.min(), CAP, simple(counts)),
}
MISWEIGHTED = {
    "losses without weights": losses(weighted=lambda w, y, p: 1.0),
    "the weight of the predicted class": losses(weighted=lambda w, y, p: w[p.argmax(axis=1)]),
    "weights squared": losses(weighted=lambda w, y, p: w[y] ** 2),
    "the loss divided by the weight": losses(weighted=lambda w, y, p: 1 / w[y]),
    "weights of the batch normalised to a mean of 1": losses(weighted=lambda w, y, p: w[y] / w[y].mean()),
    "weights of the classes in another order": losses(weighted=lambda w, y, p: w[::-1][y]),
    "the mean weight of the classes by their probability": losses(weighted=lambda w, y, p: p @ w),
    "weights put on the probability inside the logarithm": lambda labels, probabilities, class_weights: losses(
        weighted=lambda w, y, p: 1.0
    )(labels, np.array(probabilities) * class_weights, class_weights),
    "one mean instead of a loss per image": losses(reduced=np.mean),
    "the mean of the batch for every image": losses(reduced=lambda each: np.full(len(each), each.mean())),
    "losses divided by the number of images": losses(reduced=lambda each: each / len(each)),
    "images of weight above 2 drawn twice": losses(reduced=lambda each: np.concatenate([each, each[:5]])),
}
OTHER_LOSSES = {
    "the logarithm to the base of 2": losses(entropy=lambda p: -np.log2(p)),
    "the logarithm to the base of 10": losses(entropy=lambda p: -np.log10(p)),
    "probabilities clipped at a hundredth": losses(entropy=lambda p: -np.log(np.clip(p, 0.01, 0.99))),
    "probabilities clipped at a thousandth": losses(entropy=lambda p: -np.log(np.clip(p, 1e-3, 1))),
    "a loss of the wrong sign": losses(entropy=np.log),
    "one minus the probability": losses(entropy=lambda p: 1 - p),
    "focal loss": losses(entropy=lambda p: -((1 - p) ** 2) * np.log(p)),
    "labels smoothed by a tenth": smoothed,
    "binary cross-entropy of the seven outputs": of_all_outputs,
    "softmax taken of probabilities": softmax_again,
}


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
    *(
        wrong(
            clause,
            "weights by the total count, and equal classes refused",
            class_weights=refusing(equal_classes, weights(by_total, by_total)),
        )
        for clause in ("FER-W-01", "FER-W-02")
    ),
    *(wrong("FER-W-01", name, class_weights=weights(of_simple=rule)) for name, rule in MISTAKEN.items()),
    wrong(
        "FER-W-01", "weights as text", class_weights=lambda *asked, **named: list(map(str, weights()(*asked, **named)))
    ),
    wrong("FER-W-01", "weights rounded to two digits", class_weights=weights(lambda counts: simple(counts).round(2))),
    wrong("FER-W-01", "weights rounded to four digits", class_weights=weights(lambda counts: simple(counts).round(4))),
    wrong("FER-W-01", "simple weights capped too", class_weights=weights(of_simple=conservative)),
    wrong("FER-W-01", "simple weights capped at 100", class_weights=weights(lambda n: np.minimum(simple(n), 100))),
    *(
        wrong("FER-W-02", f"{name}, then capped", class_weights=weights(of_conservative=capped(rule)))
        for name, rule in MISTAKEN.items()
    ),
    *(wrong("FER-W-02", name, class_weights=weights(of_conservative=rule)) for name, rule in MISCAPPED.items()),
    wrong("FER-W-03", "weights from the whole dataset", weights_of_dataset=of_parts()),
    wrong("FER-W-03", "weights from the validation part", weights_of_dataset=of_parts("validation")),
    wrong("FER-W-03", "weights from the first 30 images", weights_of_dataset=of_parts(first=30)),
    wrong(
        "FER-W-03",
        "weights from the first 20,000 images",
        weights_of_dataset=lambda labels, parts, balancing: of_parts("training")(
            labels[:20_000], parts[:20_000], balancing
        ),
    ),
    wrong(
        "FER-W-03",
        "weights from the whole dataset, and small datasets refused",
        weights_of_dataset=refusing(lambda asked: len(asked["labels"]) < 200, of_parts()),
    ),
    wrong(
        "FER-W-03", "weights from all but the last training images", weights_of_dataset=of_parts("training", first=40)
    ),
    wrong("FER-W-03", "simple weights whatever the balancing", weights_of_dataset=one_weighting("simple")),
    wrong("FER-W-03", "conservative weights whatever the balancing", weights_of_dataset=one_weighting("conservative")),
    wrong(
        "FER-W-04",
        "losses without weights, and weights below 1 refused",
        losses=refusing(lambda asked: min(asked["class_weights"]) < 1, losses(weighted=lambda w, y, p: 1.0)),
    ),
    *(wrong("FER-W-04", name, losses=capability) for name, capability in MISWEIGHTED.items()),
    *(wrong("FER-S-11", name, losses=capability) for name, capability in OTHER_LOSSES.items()),
    right("FER-W-01", "weights in single precision", class_weights=lambda **asked: single(weights()(**asked))),
    right("FER-W-01", "weights by multiplying with the inverse", class_weights=weights(lambda n: n.max() * (1 / n))),
    right("FER-W-02", "capped weights in single precision", class_weights=lambda **asked: single(weights()(**asked))),
    right(
        "FER-W-02",
        "the cap put on counts from below",
        class_weights=weights(of_conservative=lambda counts: simple(np.maximum(counts, counts.max() / CAP))),
    ),
    right(
        "FER-W-02",
        "weights with integers where they are whole",
        class_weights=lambda **asked: [
            int(weight) if weight == int(weight) else weight for weight in weights()(**asked)
        ],
    ),
    right("FER-W-03", "training images counted one by one", weights_of_dataset=of_parts("training")),
    right("FER-W-04", "losses in double precision", losses=losses()),
    right("FER-W-04", "losses from logits, in single precision", losses=of_log_softmax),
    right(
        "FER-W-04",
        "probabilities clipped at 1e-7, as Keras does",
        losses=losses(entropy=lambda p: -np.log(np.clip(p, 1e-7, 1))),
    ),
    right("FER-S-11", "unweighted losses from logits, in single precision", losses=of_log_softmax),
)
