"""Recognise the metrics of a training log by the parts of their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

EPOCH, STEP, RATE, PHASE = "epoch", "step", "rate", "phase"
LOSS, ACCURACY, VAL_LOSS, VAL_ACCURACY = "loss", "accuracy", "val_loss", "val_accuracy"
TEST_LOSS, TEST_ACCURACY = "test_loss", "test_accuracy"
LOSSES = frozenset({LOSS, VAL_LOSS})
ACCURACIES = (ACCURACY, VAL_ACCURACY, TEST_ACCURACY)

SPLITS = {
    **dict.fromkeys(("train", "training", "trn"), ""),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval", "evaluation"), "val_"),
    **dict.fromkeys(("test", "testing"), "test_"),
}
METRICS = {
    **dict.fromkeys(("loss", "losses"), LOSS),
    **dict.fromkeys(("acc", "accs", "accuracy", "accuracies", "top1", "acc1", "prec1"), ACCURACY),
}
EPOCHS, STEPS = frozenset({"epoch", "epochs", "index"}), frozenset({"step", "steps", "iter", "iteration"})
# words that change nothing, or little: of several names for one metric, the one with the fewest is taken
FILLERS = frozenset({"epoch", "raw", "mean", "avg", "average", "total", "metrics", "score"})
KINDS_OF_ACCURACY = frozenset({"categorical", "sparse", "multiclass"})
WORDS_OF_RATES = frozenset({"epoch", "optimizer", "opt", "group", "current", "adam", "adamw", "w", "sgd", "rmsprop"})
NUMBERED = re.compile(r"(?:pg|group)?[0-9]+")
# losses of batches are logged beside those of epochs
OF_BATCHES = frozenset({"step", "steps", "batch", "iter", "iteration"})

CAPITAL_WITHIN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
JOINED = re.compile(r"(?<![a-z])(train|valid|val|eval|test)(?=loss|acc|top1)")
FIRST_OF_TOP = re.compile(r"(?<![a-z])(top|acc|prec|precision)[_@\- ]*1(?![0-9])")
# Weights & Biases names a column of a chart "RUN - METRIC"
OF_A_RUN = " - "


@dataclass(frozen=True)
class Names:
    """Hold the metrics of names, the runs that names mention, and notes."""

    metrics: dict[str, str]
    runs: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@lru_cache(4096)
def metric_of(name: str) -> str | None:
    """Return the metric that a name is about, or None.

    The numbers of epochs, steps and phases count as metrics.
    """
    found = _metric(name)
    return None if found is None else found[0]


def read_names(names: Iterable[str]) -> Names:
    """Return the metrics of names; of several for one metric, the one with the fewest further words."""
    ranked: dict[str, list[tuple[int, int, str]]] = {}
    for place, name in enumerate(dict.fromkeys(names)):
        if found := _metric(name):
            metric, rank = found
            ranked.setdefault(metric, []).append((rank, place, name))
    best = {metric: min(found)[-1] for metric, found in ranked.items()}
    runs = frozenset(name.rpartition(OF_A_RUN)[0] for name in best.values() if OF_A_RUN in name)
    metrics, notes = _as_validation(best)
    return Names({name: metric for metric, name in metrics.items()}, runs, notes)


def _as_validation(names: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read a test as the validation if there is no other; know fastai's accuracy."""
    notes: list[str] = []
    if VAL_LOSS not in names and TEST_LOSS in names:
        renamed = {TEST_LOSS: VAL_LOSS, TEST_ACCURACY: VAL_ACCURACY}
        names = {renamed.get(metric, metric): name for metric, name in names.items()}
        notes.append(f"no validation is logged: {names[VAL_LOSS]} is read as the validation loss")
    explicit = {LOSS, VAL_LOSS} <= names.keys() and bool(SPLITS.keys() & _parts(names[LOSS]))
    if explicit and VAL_ACCURACY not in names and ACCURACY in names and not SPLITS.keys() & _parts(names[ACCURACY]):
        names = {VAL_ACCURACY if metric == ACCURACY else metric: name for metric, name in names.items()}
        notes.append(f"{names[VAL_ACCURACY]} is read as the validation accuracy, as fastai logs it")
    return names, tuple(notes)


def _parts(name: str) -> list[str]:
    """Return the words of a name: 'Val_Acc@1' and 'valAcc1' are val and acc1."""
    spaced = CAPITAL_WITHIN.sub("_", name.rpartition(OF_A_RUN)[2]).lower()
    spaced = JOINED.sub(r"\1_", FIRST_OF_TOP.sub("top1", spaced))
    spaced = re.sub(r"learning[_\- ]?rate", "lr", spaced)
    return re.findall(r"[a-z]+[0-9]*|[0-9]+", spaced)


def _metric(name: str) -> tuple[str, int] | None:
    """Return the metric of a name and its number of further words, or None."""
    if name in ("", "Unnamed: 0"):
        return EPOCH, 2
    parts = _parts(name)
    words = set(parts)
    if words == {PHASE}:
        return PHASE, 0
    if "lr" in words:
        others = words - {"lr"} - WORDS_OF_RATES - SPLITS.keys()
        numbers = [int(re.sub(r"\D", "", word)) for word in others if NUMBERED.fullmatch(word)]
        return (RATE, sum(numbers)) if len(numbers) == len(others) else None
    if words & METRICS.keys():
        return _named_by_split(words)
    for metric, known in ((EPOCH, EPOCHS), (STEP, STEPS)):
        if words & known and not words - known - {"global", "train", "trainer"}:
            return metric, len(parts) - 1
    return None


def _named_by_split(words: set[str]) -> tuple[str, int] | None:
    """Return a loss or an accuracy with its split; None if words are left that are not known."""
    metrics = {METRICS[word] for word in words & METRICS.keys()}
    splits = {SPLITS[word] for word in words & SPLITS.keys()}
    others = words - METRICS.keys() - SPLITS.keys() - FILLERS
    if metrics == {ACCURACY}:
        others -= KINDS_OF_ACCURACY
        # Ultralytics logs those of validation as metrics/accuracy_top1
        splits = splits or ({"val_"} if "metrics" in words else set())
    if len(metrics) > 1 or len(splits) > 1 or others or words & OF_BATCHES:
        return None
    rank = len(words & (FILLERS | KINDS_OF_ACCURACY)) - 2 * ("epoch" in words)
    return next(iter(splits), "") + metrics.pop(), rank
