"""Checks on class weights: simple, conservative, from the training part, on the loss of each image (FER-W)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, first_failure, judge_each, numbers
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# RAF-DB's training images and the weights that the paper prints of them (Figs. 11 and 13)
RAFDB = (606, 613, 248, 4169, 2242, 1722, 1133)
PRINTED = {
    "simple": (6.88, 6.80, 16.81, 1.00, 1.86, 2.42, 3.68),
    "conservative": (3.00, 3.00, 3.00, 1.00, 1.86, 2.42, 3.00),
}
HALF_A_DIGIT = 0.005 + 1e-9
# room for single precision, not for weights that were rounded
RELATIVE = 1e-5
COUNTS = {
    "RAF-DB": RAFDB,
    "FER2013": (3995, 436, 4097, 7215, 4965, 4830, 3171),
    "AffectNet": (3353, 2480, 3289, 4791, 4878, 3164, 3983),
    "equal classes": (300,) * 7,
    "two largest classes": (50, 900, 20, 900, 450, 33, 7),
    "a third, just below and just above": (900, 300, 301, 299, 100, 901, 899),
    "a single image": (1, 70_000, 3, 17, 260, 4_001, 29_999),
}
# training and validation images of each class: the largest class differs between the parts, one class is in one only;
# and as many as the largest dataset has, FER2013
PARTS = (
    ((60, 3, 9, 12, 30, 18, 6), (6, 30, 9, 12, 3, 60, 18)),
    ((11, 7, 5, 3, 2, 13, 17), (1, 40, 2, 9, 0, 3, 4)),
    ((3995, 436, 4097, 7215, 4965, 4830, 3171), (958, 111, 1024, 1774, 1233, 1247, 831)),
)
CLASSES = len(RAFDB)

Weights = Callable[[np.ndarray], np.ndarray]


def _simple(counts: np.ndarray) -> np.ndarray:
    return spec.load().value("FER-W-01", "majority_weight") * counts.max() / counts


def _conservative(counts: np.ndarray) -> np.ndarray:
    return np.minimum(_simple(counts), _cap())


def _cap() -> float:
    return spec.load().value("FER-W-02", "cap")


RIGHT: Mapping[str, Weights] = {"simple": _simple, "conservative": _conservative}
INSTEAD_OF_THE_LARGEST: Mapping[str, Weights] = {
    "the count of all images is divided, not that of the largest class": lambda counts: counts.sum() / counts,
    "the mean count is divided, as scikit-learn's 'balanced' does": lambda counts: counts.mean() / counts,
    "the median count is divided, not that of the largest class": lambda counts: np.median(counts) / counts,
    "the ratio is upside down": lambda counts: counts / counts.max(),
    "the weights are normalised to a mean of 1": lambda counts: _simple(counts) / _simple(counts).mean(),
    "the weights are normalised to a sum of 1": lambda counts: _simple(counts) / _simple(counts).sum(),
    "the logarithm of the ratio is taken": lambda counts: 1 + np.log(_simple(counts)),
    "the root of the ratio is taken": lambda counts: np.sqrt(_simple(counts)),
    "the classes are not weighted": lambda counts: np.ones(len(counts)),
    **{
        f"the weights are rounded to {digits} decimals": lambda counts, digits=digits: _simple(counts).round(digits)
        for digits in range(5)
    },
}
MISTAKES: Mapping[str, Mapping[str, Weights]] = {
    "simple": {
        **INSTEAD_OF_THE_LARGEST,
        "these are the conservative weights: the simple ones have no cap": _conservative,
    },
    "conservative": {
        **{
            f"{cause}, then capped": lambda counts, weights=weights: np.minimum(weights(counts), _cap())
            for cause, weights in INSTEAD_OF_THE_LARGEST.items()
        },
        "the cap is missing": _simple,
        "the cap is a lower limit": lambda counts: np.maximum(_simple(counts), _cap()),
        "the cap is put on the counts, before their ratio": (
            lambda counts: _simple(np.minimum(counts, _cap() * counts.min()))
        ),
        "the cap is 2": lambda counts: np.minimum(_simple(counts), 2),
        "the cap is 5": lambda counts: np.minimum(_simple(counts), 5),
        "the cap is 10": lambda counts: np.minimum(_simple(counts), 10),
        "the weights are scaled so that the largest is the cap": (
            lambda counts: _simple(counts) * min(1, _cap() / _simple(counts).max())
        ),
    },
}


def weighs_as_said(subject: ImplementationSubject, name: str, balancing: str) -> CheckResult:
    """Weights are those that the paper prints, and follow from any counts as it says."""
    counts = COUNTS[name]
    answer = subject.ask("class_weights", counts=list(counts), balancing=balancing)
    observed = numbers("class_weights", answer, (CLASSES,))
    likely = _likely(observed, counts, balancing)
    followed = _compared(observed, RIGHT[balancing](np.array(counts, float)), name, likely)
    if counts != RAFDB:
        return followed
    printed = close(observed, PRINTED[balancing], HALF_A_DIGIT, spec.load().classes, likely)
    return first_failure([printed.model_copy(update={"expected": f"{printed.expected} (printed)"}), followed])


def _likely(observed: np.ndarray, counts: Sequence[int], balancing: str) -> str | None:
    """Return the mistake that gives these weights, or the same ones in another order."""
    for cause, weights in MISTAKES[balancing].items():
        if np.allclose(observed, weights(np.array(counts, float)), rtol=RELATIVE, atol=0):
            return cause
    right = RIGHT[balancing](np.array(counts, float))
    if np.allclose(sorted(observed), sorted(right), rtol=RELATIVE, atol=0):
        return "the weights are right, but not in the order of the classes"
    return None


def _compared(observed: np.ndarray, right: np.ndarray, what: str, likely: str | None) -> CheckResult:
    """Compare by the share that each is off, and show the worst."""
    worst = int((np.abs(observed - right) / right).argmax())
    label = f"{what}, {spec.load().classes[worst]}"
    found = close(observed[worst], right[worst], RELATIVE * right[worst], [label], likely)
    if found.status is Status.PASS:
        return found
    return found.model_copy(update={"observed": f"{label}: {observed[worst]:.9g}"})


def weighs_by_the_training_part(subject: ImplementationSubject, balancing: str) -> CheckResult:
    """The weights of a dataset are those of its training images, whatever else it holds and in whatever order."""
    return judge_each(lambda parts: _of_dataset(subject, balancing, *parts), PARTS)


def _of_dataset(
    subject: ImplementationSubject, balancing: str, training: Sequence[int], validation: Sequence[int]
) -> CheckResult:
    labels = np.repeat(np.tile(np.arange(CLASSES), 2), [*training, *validation])
    parts = np.repeat(["training", "validation"], [sum(training), sum(validation)])
    order = np.random.default_rng(len(labels)).permutation(len(labels))
    answer = subject.ask(
        "weights_of_dataset", labels=labels[order].tolist(), parts=parts[order].tolist(), balancing=balancing
    )
    observed = numbers("weights_of_dataset", answer, (CLASSES,))
    counts = {name: np.array(images, float) for name, images in (("training", training), ("validation", validation))}
    likely = _likely(observed, training, balancing)
    if _same(observed, RIGHT[balancing](counts["training"] + counts["validation"])):
        likely = "the images of the whole dataset are counted, not those trained on alone"
    elif counts["validation"].all() and _same(observed, RIGHT[balancing](counts["validation"])):
        likely = "the images of the validation part are counted"
    return _compared(observed, RIGHT[balancing](counts["training"]), f"{sum(training)} training images", likely)


def _same(observed: np.ndarray, weights: np.ndarray) -> bool:
    return np.allclose(observed, weights, rtol=RELATIVE, atol=0)


def multiplies_the_loss_of_each_image(subject: ImplementationSubject) -> CheckResult:
    """Each image's loss is its weight times the cross-entropy of its class."""
    labels, probabilities = predictions()
    return judge_each(
        lambda weights: losses_found(subject, labels, probabilities, np.array(weights, float)),
        (PRINTED["simple"], PRINTED["conservative"], (0.25, 1, 2, 4, 8, 0.5, 1)),
    )


def predictions() -> tuple[np.ndarray, np.ndarray]:
    """Return labels and rows of probabilities: right and wrong, sure and unsure, down to one in a hundred thousand."""
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(CLASSES), 4)
    probabilities = rng.dirichlet(np.full(CLASSES, 0.6), len(labels)) * 0.9 + 0.1 / CLASSES
    of_their_class = (0.98, 1e-5)
    for share, first in zip(of_their_class, (0, 2), strict=True):
        probabilities[first::4] = (1 - share) / (CLASSES - 1)
        probabilities[range(first, len(labels), 4), labels[first::4]] = share
    order = rng.permutation(len(labels))
    return labels[order], probabilities[order]


def losses_found(
    subject: ImplementationSubject, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> CheckResult:
    """Compare the losses that an implementation gives with weight times negative natural logarithm."""
    answer = subject.ask(
        "losses", labels=labels.tolist(), probabilities=probabilities.tolist(), class_weights=weights.tolist()
    )
    observed = numbers("losses", answer, (len(labels),))
    of_its_class = probabilities[np.arange(len(labels)), labels]
    entropy = -np.log(of_its_class)
    again = np.exp(of_its_class) / np.exp(probabilities).sum(axis=1)
    right, predicted = weights[labels] * entropy, probabilities.argmax(axis=1)
    mistakes = {
        "the losses are not weighted": entropy,
        "the weight is that of the predicted class, not that of the image's": weights[predicted] * entropy,
        "the weight is applied twice": weights[labels] ** 2 * entropy,
        "the loss is divided by the weight": entropy / weights[labels],
        "the losses are averaged over the batch": np.full(len(labels), right.mean()),
        "the losses are divided by the sum of their weights": right / weights[labels].sum(),
        "the losses are divided by the number of images": right / len(labels),
        "the logarithm is to the base of 2": right / np.log(2),
        "the sign of the loss is missing": -right,
        "softmax is taken once more, of what is already probabilities": weights[labels] * -np.log(again),
        "the probability of the class is subtracted from 1, without a logarithm": weights[labels] * (1 - of_its_class),
        "the weights of the classes are read in another order": weights[::-1][labels] * entropy,
    }
    # in single precision a probability near 1 has a logarithm near 0 that is off by as much as 1 is
    apart = np.abs(observed - right) - 1e-6 * weights[labels]
    worst = int((apart / right).argmax())
    likely = (cause for cause, losses in mistakes.items() if np.allclose(observed, losses, rtol=1e-4, atol=1e-6))
    label = f"image of {spec.load().classes[labels[worst]]} with probability {of_its_class[worst]:.3g}"
    tolerance = 1e-4 * right[worst] + 1e-6 * weights[labels[worst]]
    return close(observed[worst], right[worst], tolerance, [label], next(likely, None))


CHECKS = (
    *checks_by_case("FER-W-01", weighs_as_said, {name: (name, "simple") for name in COUNTS}, needs=("class_weights",)),
    *checks_by_case(
        "FER-W-02", weighs_as_said, {name: (name, "conservative") for name in COUNTS}, needs=("class_weights",)
    ),
    *checks_by_case("FER-W-03", weighs_by_the_training_part, ("simple", "conservative"), needs=("weights_of_dataset",)),
    Check("FER-W-04", multiplies_the_loss_of_each_image, needs=("losses",)),
)
