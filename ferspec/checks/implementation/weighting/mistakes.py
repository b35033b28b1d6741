"""Typical mistakes in class weights and in the loss (FER-W, FER-S-11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.weighting.witness import CAP, RULES, Array, Rule, conservative, simple


def weights(rule: Rule | None = None, balancings: Sequence[str] = tuple(RULES)) -> Capability:
    """Return ``class_weights`` with one rule for these balancings, and the right rules otherwise."""

    def class_weights(counts: list[int], balancing: str) -> Any:
        wrong = rule if balancing in balancings else None
        return (wrong or RULES[balancing])(np.array(counts, float)).tolist()

    return class_weights


def _capped(rule: Rule) -> Rule:
    return lambda counts: np.minimum(rule(counts), CAP)


def _rounded(digits: int) -> Rule:
    return lambda counts: simple(counts).round(digits)


_RATIOS: dict[str, Rule] = {
    "the counts themselves are taken": np.asarray,
    "the count of all images is divided, not that of the largest class": lambda counts: counts.sum() / counts,
    "the mean count is divided, as scikit-learn's 'balanced' does": lambda counts: counts.mean() / counts,
    "the median count is divided, not that of the largest class": lambda counts: np.median(counts) / counts,
    "the count of the smallest class is divided": lambda counts: counts.min() / counts,
    "the ratio is upside down": lambda counts: counts / counts.max(),
    "an image is added to every count": lambda counts: (counts.max() + 1) / (counts + 1),
    "the division leaves whole numbers": lambda counts: counts.max() // counts,
    "the weights are normalised to a mean of 1": lambda counts: simple(counts) / simple(counts).mean(),
    "the weights are normalised to a sum of 1": lambda counts: simple(counts) / simple(counts).sum(),
    "the logarithm of the ratio is taken": lambda counts: 1 + np.log(simple(counts)),
    "the root of the ratio is taken": lambda counts: np.sqrt(simple(counts)),
    "the effective number of images is divided": lambda counts: (1 - 0.999**counts).max() / (1 - 0.999**counts),
    "the classes are not weighted": np.ones_like,
    **{f"the weights are rounded to {digits} decimals": _rounded(digits) for digits in range(5)},
}
_CAPS: dict[str, Rule] = {
    "the cap is missing": simple,
    "the cap is a lower limit": lambda counts: np.maximum(simple(counts), CAP),
    "the cap is put on the counts, before their ratio": lambda counts: simple(np.minimum(counts, CAP * counts.min())),
    "the cap is put on the largest count": lambda counts: CAP * np.median(counts) / counts,
    "the cap is 2": lambda counts: np.minimum(simple(counts), 2),
    "the cap is 5": lambda counts: np.minimum(simple(counts), 5),
    "the cap is 10": lambda counts: np.minimum(simple(counts), 10),
    "the weights are scaled so that the largest is the cap": lambda counts: simple(counts) * CAP / simple(counts).max(),
    "weights above the cap are set to 1": lambda counts: np.where(simple(counts) > CAP, 1, simple(counts)),
    "only the largest weight is capped": lambda counts: np.where(counts == counts.min(), CAP, simple(counts)),
}
OUT_OF_ORDER = "the weights are right, but not in the order of the classes"
CLASS_WEIGHTS = {
    "simple": {cause: weights(rule) for cause, rule in _RATIOS.items()}
    | {"these are the conservative weights: the simple ones have no cap": weights(conservative)},
    "conservative": {
        cause: weights(rule, ("conservative",))
        for cause, rule in ({f"{cause}, then capped": _capped(rule) for cause, rule in _RATIOS.items()} | _CAPS).items()
    },
}


def weights_of_dataset(counted: Callable[[Array, Array], Array]) -> Capability:
    """Return ``weights_of_dataset``, which counts the labels that ``counted`` selects by split."""

    def capability(labels: list[int], splits: list[str], balancing: str) -> list[float]:
        of_class = np.bincount(counted(np.array(labels), np.array(splits)), minlength=max(labels) + 1)
        # a class without images would weigh infinitely much, which is another mistake
        weighed: list[float] = weights()(np.maximum(of_class, 1), balancing)
        return weighed

    return capability


WEIGHTS_OF_DATASET = {
    "the images of the whole dataset are counted, not those trained on alone": weights_of_dataset(
        lambda labels, splits: labels
    ),
    "the images of the validation split are counted": weights_of_dataset(
        lambda labels, splits: labels[splits == "validation"]
    ),
}


def losses(
    weight: Callable[[Array, Array, Array], Any] = lambda w, y, p: w[y],
    entropy: Rule = lambda p: -np.log(p),
    reduced: Rule = lambda losses: losses,
    before: Callable[[Array, Array], Array] = lambda w, p: p,
    of_all: Callable[[Array, Array], Array] | None = None,
) -> Capability:
    """Return the capability ``losses`` from its steps: change of the probabilities, weight, loss and reduction.

    ``weight`` is given weights, labels and probabilities; ``entropy`` the probability of each image's class;
    ``of_all``, if given, replaces it and is given one-hot labels and all probabilities.
    """

    def capability(labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> Any:
        w, y, p = np.array(class_weights), np.array(labels), np.array(probabilities)
        outputs = before(w, p)
        plain = entropy(outputs[np.arange(len(y)), y]) if of_all is None else of_all(np.eye(len(w))[y], outputs)
        return np.asarray(reduced(weight(w, y, p) * plain)).tolist()

    return capability


def _softmax(p: Array) -> Array:
    raised = np.exp(p)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _clipped(least: float, most: float = 1.0) -> Rule:
    return lambda p: -np.log(np.clip(p, least, most))


_WEIGHTED: dict[str, dict[str, Any]] = {
    "the losses are not weighted": {"weight": lambda w, y, p: 1.0},
    "the weight is that of the predicted class, not that of the image's": {
        "weight": lambda w, y, p: w[p.argmax(axis=1)]
    },
    "the weight is applied twice": {"weight": lambda w, y, p: w[y] ** 2},
    "the loss is divided by the weight": {"weight": lambda w, y, p: 1 / w[y]},
    "the weights of a batch are normalised to a mean of 1": {"weight": lambda w, y, p: w[y] / w[y].mean()},
    "the weights of the classes are read in another order": {"weight": lambda w, y, p: w[::-1][y]},
    "the weight is the mean over the classes by their probability": {"weight": lambda w, y, p: p @ w},
    "the weight multiplies the probability, inside the logarithm": {
        "weight": lambda w, y, p: 1.0,
        "before": lambda w, p: p * w,
    },
    "the losses are averaged over the batch": {"reduced": lambda losses: np.full(len(losses), losses.mean())},
    "the losses are divided by the sum of their weights": {"weight": lambda w, y, p: w[y] / w[y].sum()},
    "the losses are divided by the number of images": {"reduced": lambda losses: losses / len(losses)},
}
_OTHER: dict[str, dict[str, Any]] = {
    "the logarithm is to the base of 2": {"entropy": lambda p: -np.log2(p)},
    "the logarithm is to the base of 10": {"entropy": lambda p: -np.log10(p)},
    "the probabilities are clipped at a hundredth": {"entropy": _clipped(0.01, 0.99)},
    "the probabilities are clipped at a thousandth": {"entropy": _clipped(1e-3)},
    "the probabilities are clipped at 1e-4": {"entropy": _clipped(1e-4)},
    "the probabilities are clipped at 1e-5": {"entropy": _clipped(1e-5)},
    "the sign of the loss is missing": {"entropy": np.log},
    "the probability of the class is subtracted from 1, without a logarithm": {"entropy": lambda p: 1 - p},
    "this is focal loss": {"entropy": lambda p: -((1 - p) ** 2) * np.log(p)},
    "there is label smoothing of 0.1": {
        "of_all": lambda truth, p: -((0.9 * truth + 0.1 / p.shape[1]) * np.log(p)).sum(axis=1)
    },
    "this is binary cross-entropy, over all outputs": {
        "of_all": lambda truth, p: -(truth * np.log(p) + (1 - truth) * np.log(1 - p)).mean(axis=1)
    },
    "softmax is applied twice, the second time to probabilities": {
        "of_all": lambda truth, p: -(truth * np.log(_softmax(p))).sum(axis=1)
    },
}
STEPS_OF_LOSSES = {"FER-W-04": _WEIGHTED, "FER-S-11": _OTHER}
WEIGHTED_LOSSES = {cause: losses(**step) for cause, step in _WEIGHTED.items()}
OTHER_LOSSES = {cause: losses(**step) for cause, step in _OTHER.items()}
