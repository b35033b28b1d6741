"""Checks on class weights: simple, conservative, from the training split, on the loss of each image (FER-W)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.attribute import Known, attributed, merged
from ferspec.checks.implementation.answers.explain import explained, near
from ferspec.checks.implementation.answers.judge import close, numbers
from ferspec.checks.implementation.weighting import mistakes
from ferspec.checks.implementation.weighting.witness import CAP, RULES, Array, simple
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# RAF-DB's training images and the weights that the paper prints for them (Figs. 11 and 13), typed here as an
# independent witness of FER-W-01 and FER-W-02
RAFDB = (606, 613, 248, 4169, 2242, 1722, 1133)
PRINTED = {
    "simple": (6.88, 6.80, 16.81, 1.00, 1.86, 2.42, 3.68),
    "conservative": (3.00, 3.00, 3.00, 1.00, 1.86, 2.42, 3.00),
}
OWN_SIMPLE = "as expected of the implementation's own simple weights"
HALF_A_DIGIT = 0.005 + 1e-9
# tolerance for single precision, but not for rounded weights
RELATIVE = 1e-5
COUNTS = {
    "RAF-DB, unrounded": RAFDB,
    "FER2013": (3995, 436, 4097, 7215, 4965, 4830, 3171),
    "AffectNet": (3353, 2480, 3289, 4791, 4878, 3164, 3983),
    "equal classes": (300,) * 7,
    "two largest classes": (50, 900, 20, 900, 450, 33, 7),
    "a third, just below and just above": (900, 300, 301, 299, 100, 901, 899),
    "a single image": (1, 70_000, 3, 17, 260, 4_001, 29_999),
}
# training and validation images of each class
SPLITS = {
    "another largest class in validation": ((60, 3, 9, 12, 30, 18, 6), (6, 30, 9, 12, 3, 60, 18)),
    "a class in training alone": ((11, 7, 5, 3, 2, 13, 17), (1, 40, 2, 9, 0, 3, 4)),
    "as many images as FER2013": (
        (3995, 436, 4097, 7215, 4965, 4830, 3171),
        (958, 111, 1024, 1774, 1233, 1247, 831),
    ),
}
LOSS_WEIGHTS = {
    "simple weights of RAF-DB": PRINTED["simple"],
    "conservative weights of RAF-DB": PRINTED["conservative"],
    "weights above and below 1": (0.25, 1, 2, 4, 8, 0.5, 1),
}


def are_printed(subject: ImplementationSubject, balancing: str) -> CheckResult:
    """The weights of RAF-DB are those that the paper prints."""
    observed = _weights(subject, RAFDB, balancing)
    if balancing == "conservative" and _is_capped(subject, observed, RAFDB):
        return CheckResult(status=Status.PASS, message=OWN_SIMPLE)
    printed = close(observed, PRINTED[balancing], HALF_A_DIGIT, spec.load().classes)
    found = printed.model_copy(update={"expected": f"{printed.expected} (printed)"})
    return _with_likely_rule(found, observed, RAFDB, balancing)


def follow_from_the_counts(subject: ImplementationSubject, name: str, balancing: str) -> CheckResult:
    """A simple weight is the count of the largest class over that of the class.

    A conservative one is at most 3. It may follow from the subject's own simple weights, which FER-W-01 judges.
    """
    observed = _weights(subject, COUNTS[name], balancing)
    if balancing == "conservative" and _is_capped(subject, observed, COUNTS[name]):
        return CheckResult(status=Status.PASS, message=OWN_SIMPLE)
    found = _worst_off(observed, RULES[balancing](np.array(COUNTS[name], float)), name)
    return _with_likely_rule(found, observed, COUNTS[name], balancing)


def _is_capped(subject: ImplementationSubject, observed: Array, counts: Sequence[int]) -> bool:
    """Return whether conservative weights are the subject's own, wrong simple weights, capped."""
    own = _own(subject, counts, "simple")
    is_right = near(RELATIVE)(own, simple(np.array(counts, float)))
    return not is_right and near(RELATIVE)(observed, np.minimum(own, CAP))


def _own(subject: ImplementationSubject, counts: Sequence[int], balancing: str) -> Array:
    """Return the subject's own positive weights, or the right ones if it gives none; other clauses judge them."""
    right = np.asarray(RULES[balancing](np.array(counts, float)))
    if "class_weights" not in subject.capabilities:
        return right
    try:
        own = _weights(subject, counts, balancing)
    except (NotEvaluable, SubjectError):
        return right
    return own if (own > 0).all() else right


def _weights(subject: ImplementationSubject, counts: Sequence[int], balancing: str) -> Array:
    answer = subject.ask("class_weights", counts=list(counts), balancing=balancing)
    return numbers("class_weights", answer, (len(counts),))


def _with_likely_rule(found: CheckResult, observed: Array, counts: Sequence[int], balancing: str) -> CheckResult:
    asked = {"counts": counts, "balancing": balancing}
    found = explained(found, observed, mistakes.CLASS_WEIGHTS[balancing], asked, near(RELATIVE))
    right = RULES[balancing](np.array(counts, float))
    if found.status is Status.PASS or found.likely or not near(RELATIVE)(sorted(observed), sorted(right)):
        return found
    return found.model_copy(update={"likely": mistakes.OUT_OF_ORDER})


def _worst_off(observed: Array, expected: Array, label: str) -> CheckResult:
    """Compare by relative error, and show the worst weight."""
    worst = int((np.abs(observed - expected) / expected).argmax())
    label = f"{label}, {spec.load().classes[worst]}"
    found = close(observed[worst], expected[worst], RELATIVE * expected[worst], [label])
    if found.status is Status.PASS:
        return found
    return found.model_copy(update={"observed": f"{label}: {observed[worst]:.9g}"})


def follow_from_the_training_split(subject: ImplementationSubject, balancing: str, name: str) -> CheckResult:
    """The weights of a dataset depend only on the counts of its training images.

    The subject's own rule of class weights may be wrong, which other clauses judge.
    """
    training, validation = SPLITS[name]
    labels = np.repeat(np.tile(np.arange(len(training)), 2), [*training, *validation])
    splits = np.repeat(["training", "validation"], [sum(training), sum(validation)])
    order = np.random.default_rng(len(labels)).permutation(len(labels))
    asked = {"labels": labels[order].tolist(), "splits": splits[order].tolist(), "balancing": balancing}
    observed = numbers("weights_of_dataset", subject.ask("weights_of_dataset", **asked), (len(training),))
    right = RULES[balancing](np.array(training, float))
    expected = right if near(RELATIVE)(observed, right) else _own(subject, training, balancing)
    found = _worst_off(observed, expected, f"{sum(training)} training images")
    found = _with_likely_rule(found, observed, training, balancing)
    return explained(found, observed, mistakes.WEIGHTS_OF_DATASET, asked, near(RELATIVE))


def multiply_the_loss_of_each_image(subject: ImplementationSubject, name: str) -> CheckResult:
    """The loss of an image is the weight of its class times its cross-entropy."""
    return losses_found(subject, LOSS_WEIGHTS[name], "FER-W-04")


def losses_found(subject: ImplementationSubject, weights: Sequence[float], clause: str) -> CheckResult:
    """Compare losses with weight times negative natural logarithm, for one of two clauses."""
    labels, probabilities = _predictions(len(weights))
    asked, observed = _asked(weights), _losses(subject, weights)
    probability, weight = probabilities[np.arange(len(labels)), labels], np.array(weights)[labels]
    expected = -weight * np.log(probability)
    # in single precision, the logarithm of a probability near 1 has the absolute error of the probability
    tolerance = 1e-4 * expected + 1e-6 * weight
    worst = int((np.abs(observed - expected) / tolerance).argmax())
    label = f"image of {spec.load().classes[labels[worst]]} with probability {probability[worst]:.3g}"
    found = close(observed[worst], expected[worst], tolerance[worst], [label])
    known = mistakes.WEIGHTED_LOSSES | mistakes.OTHER_LOSSES
    found = explained(found, observed, known, asked, SAME_LOSSES)
    return attributed(found, clause, KNOWN_LOSSES, subject, observed, weights)


def _asked(weights: Sequence[float]) -> dict[str, Any]:
    labels, probabilities = _predictions(len(weights))
    return {"labels": labels.tolist(), "probabilities": probabilities.tolist(), "class_weights": list(weights)}


def _losses(subject: ImplementationSubject, weights: Sequence[float]) -> Array:
    asked = _asked(weights)
    return numbers("losses", subject.ask("losses", **asked), (len(asked["labels"]),))


def _losses_made(steps: Sequence[Any]) -> Callable[[Sequence[float]], Any] | None:
    changes = merged(steps)
    return None if changes is None else lambda weights: mistakes.losses(**changes)(**_asked(weights))


SAME_LOSSES = near(relative=1e-4, absolute=1e-6)
UNWEIGHTED = (1.0,) * len(spec.load().classes)
KNOWN_LOSSES = Known(mistakes.STEPS_OF_LOSSES, _losses_made, [UNWEIGHTED, *LOSS_WEIGHTS.values()], _losses, SAME_LOSSES)


def _predictions(classes: int) -> tuple[Array, Array]:
    """Return labels and rows of probabilities, right and wrong, down to 1e-6."""
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(classes), 4)
    probabilities = rng.dirichlet(np.full(classes, 0.6), len(labels)) * 0.9 + 0.1 / classes
    for first, probability in ((0, 0.98), (2, 1e-6)):
        probabilities[first::4] = (1 - probability) / (classes - 1)
        probabilities[range(first, len(labels), 4), labels[first::4]] = probability
    order = rng.permutation(len(labels))
    return labels[order], probabilities[order]


def _checks(clause: str, balancing: str) -> tuple[Check, ...]:
    needs, cases = ("class_weights",), {name: (name, balancing) for name in COUNTS}
    printed = Check(clause, are_printed, needs, "RAF-DB", (balancing,))
    return printed, *checks_by_case(clause, follow_from_the_counts, cases, needs)


CHECKS = (
    *_checks("FER-W-01", "simple"),
    *_checks("FER-W-02", "conservative"),
    *checks_by_case(
        "FER-W-03",
        follow_from_the_training_split,
        {f"{balancing}, {name}": (balancing, name) for balancing in RULES for name in SPLITS},
        needs=("weights_of_dataset",),
    ),
    *checks_by_case("FER-W-04", multiply_the_loss_of_each_image, list(LOSS_WEIGHTS), needs=("losses",)),
)
