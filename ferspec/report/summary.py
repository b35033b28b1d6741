"""The result of a model in two plain sentences."""

from __future__ import annotations

from ferspec.reference.measured import NONE, Evaluation
from ferspec.report.words import percent

# the least F1 and the least recall of a class that is recognised well
WELL = 0.7


def summary(metrics: Evaluation) -> str:
    """Return which classes a model recognises well, and which one it misses most; empty without labelled images."""
    classes = [row for row in metrics.per_class if row.recall.value is not None]
    if not classes:
        return ""
    well = [row.name for row in classes if min(row.f1.value or 0, row.recall.value or 0) >= WELL]
    if not well:
        best = max(classes, key=lambda row: row.f1.value or 0)
        first = f"Recognises no class well; {best.name} is the best."
    else:
        first = f"Recognises {'every class' if len(well) == len(classes) else _listed(well)} well."
    worst = min(classes, key=lambda row: row.recall.value or 0)
    names = metrics.answers
    missed = {
        name: count
        for name, count in zip(names, metrics.confusion_matrix[names.index(worst.name)], strict=True)
        if name != worst.name
    }
    if not sum(missed.values()):
        return f"{first} Misses no image."
    taken = max(missed, key=lambda name: missed[name])
    share = percent(1 - (worst.recall.value or 0), 0)
    answer = "answered with none of the seven" if taken == NONE else f"taken for {taken}"
    return f"{first} Misses {share} of {worst.name}, most often {answer}."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
