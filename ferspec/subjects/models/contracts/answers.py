"""Read the columns of a model's output as answers: a class, none of the seven, or no answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferspec import spec
from ferspec.errors import SubjectError
from ferspec.subjects.models.contracts.class_set import DROP, WRONG, ClassSet
from ferspec.subjects.models.contracts.contract import Contract

MISSING = -1
# the largest float32 that stays one when it is written with nine digits
LARGEST = float(np.nextafter(np.finfo(np.float32).max, np.float32(0)))


@dataclass(frozen=True)
class Answers:
    """Hold the answers that n outputs give.

    ``probabilities`` is float32 (n, 7 + k): the seven classes, then the k columns that count for none of them. A row
    without an answer is NaN; None if only classes are known. ``chosen`` (n,) is the index of the answer among these
    columns, or -1 for a missing answer.
    """

    probabilities: np.ndarray | None
    chosen: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The class (n,), 0 to 6; 7 for an answer outside the seven or missing."""
        count = len(spec.load().classes)
        return np.where(self.missing, count, np.minimum(self.chosen, count))

    @property
    def missing(self) -> np.ndarray:
        """Whether there is no answer (n,)."""
        return np.asarray(self.chosen == MISSING)


def columns_of(raw: np.ndarray, contract: Contract) -> np.ndarray:
    """Convert outputs (n, k) to float64 columns (n, k): a softmax of logits, and probabilities unchanged.

    Raise ``SubjectError`` unless there is one column for each class of the contract.
    """
    raw = np.asarray(raw, np.float64)
    classes = contract.output.classes
    if raw.ndim != 2 or raw.shape[1] != len(classes):
        raise SubjectError(f"the output has shape {raw.shape}, but the contract names {len(classes)} classes")
    if contract.output.kind == "logits":
        raw = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw /= raw.sum(axis=1, keepdims=True)
    return raw


def probabilities_of(columns: np.ndarray, declared: ClassSet) -> np.ndarray:
    """Return float64 (n, 7 + k): the seven classes, then the k columns that count for none of them.

    Merged columns are added to their class. With ``drop``, the other columns are left out and the rest is divided by
    its sum; an empty rest gives a row of NaN. A class without a column has probability 0.
    """
    count, targets = len(spec.load().classes), declared.read_as
    seven = np.zeros((len(columns), count))
    for column, target in enumerate(targets):
        if target is not None:
            seven[:, target] += columns[:, column]
    seven[np.isnan(columns).all(axis=1)] = np.nan
    if declared.extra != DROP:
        return np.concatenate([seven, columns[:, [target is None for target in targets]]], axis=1)
    if declared.outside:
        total = seven.sum(axis=1, keepdims=True)
        return np.divide(seven, total, out=np.full_like(seven, np.nan), where=total > 0)
    return seven


def distributions_of(columns: np.ndarray, declared: ClassSet) -> np.ndarray:
    """Return all columns (n, k) float64, the seven classes first and none merged."""
    return probabilities_of(columns, declared.treating(WRONG))


def answers_of(columns: np.ndarray, declared: ClassSet) -> Answers:
    """Read columns (n, k) as their class set declares: the largest probability is the answer.

    A tie goes to the first of the seven classes, then to a column outside them.
    """
    count, named = len(spec.load().classes), set(declared.read_as)
    # sums and quotients of what is not a distribution may not fit into float32
    exact = probabilities_of(columns, declared)
    probabilities = np.where(np.isinf(exact), exact, exact.clip(-LARGEST, LARGEST)).astype(np.float32)
    candidates = np.where(np.isnan(probabilities), -np.inf, probabilities)
    candidates[:, [index for index in range(count) if index not in named]] = -np.inf
    chosen = np.where(np.isnan(probabilities).all(axis=1), MISSING, candidates.argmax(axis=1))
    return Answers(probabilities, chosen)


def predicted_classes(raw: np.ndarray, contract: Contract) -> np.ndarray:
    """Return the class (n,) that each output (n, k) answers, as in ``Answers``."""
    return answers_of(columns_of(raw, contract), contract.output).predicted


def output_to_classes(raw: np.ndarray, contract: Contract) -> np.ndarray:
    """Convert outputs (n, k) to the float64 probabilities of ``Answers``; ``SubjectError`` for another width."""
    return probabilities_of(columns_of(raw, contract), contract.output)
