"""Puts the losses of robustness in order, the worst first, and into words."""

from __future__ import annotations

from collections.abc import Iterator

from ferspec.reference.measured import Metric
from ferspec.report.comparison import Texts
from ferspec.report.words import level as confidence
from ferspec.report.words import points_range, shorten
from ferspec.required import required
from ferspec.spec.conditions import ConditionKind
from ferspec.subjects.certificates.losses import ConditionLosses, LevelLoss, Robustness

LONGEST = 30
# conditions that are named in a sentence
NAMED = 3


def worst(condition: ConditionLosses) -> LevelLoss | None:
    """Return the level with the largest loss, None if no level was measured."""
    measured = [one for one in condition.levels if one.loss.value is not None]
    return max(measured, key=lambda one: required(one.loss.value), default=None)


def ordered(robustness: Robustness, kind: ConditionKind) -> list[tuple[ConditionLosses, LevelLoss]]:
    """Return the measured conditions of a kind, each with its worst level, worst first."""
    found = ((one, worst(one)) for one in robustness.conditions if one.kind == kind)
    measured = [(one, level) for one, level in found if level is not None]
    return sorted(measured, key=lambda pair: -required(pair[1].loss.value))


def ordered_levels(robustness: Robustness, kind: ConditionKind) -> list[tuple[ConditionLosses, LevelLoss]]:
    """Return the measured levels of all conditions of a kind, the largest loss first."""
    rows = [(one, level) for one in robustness.conditions if one.kind == kind for level in one.levels]
    measured = [row for row in rows if row[1].loss.value is not None]
    return sorted(measured, key=lambda row: -required(row[1].loss.value))


def unmeasured(robustness: Robustness) -> list[str]:
    """Return what could not be measured, each with the reason: ``gray in place of colour: the model reads gray``."""
    lines = []
    for one in robustness.conditions:
        reasons: dict[str, list[str]] = {}
        for level in one.levels:
            if level.loss.undefined is not None:
                reasons.setdefault(level.loss.undefined, []).append(shorten(level.name, LONGEST))
        for reason, names in reasons.items():
            which = "" if len(one.levels) == 1 else f" ({', '.join(names)})"
            lines.append(f"{shorten(one.title, LONGEST)}{which}: {shorten(reason, 100)}")
    return lines


def explanation(robustness: Robustness) -> str:
    """Return how the losses were measured, and how their intervals are to be read."""
    return (
        f"Each change was made to all {robustness.n:,} images, which were asked about in a random order. A loss is the "
        "accuracy on unchanged images minus that on changed ones, in points. The intervals hold together: with "
        f"{confidence()} confidence, all {robustness.statements} contain their losses. Losses change no metric and no "
        "verdict."
    )


def points_lost(loss: Metric) -> str:
    """Return a loss in points with one digit, or that it is undefined."""
    # adding 0 turns a rounded -0 into 0
    return "undefined" if loss.value is None else f"{round(100 * loss.value, 1) + 0:.1f}"


def in_words(one: ConditionLosses, level: LevelLoss) -> str:
    """Return a loss in words: ``blur (σ 8 px) costs 21.3 points (17.0 to 25.6)``."""
    cost = f"costs {points_lost(level.loss)} points ({points_range(level.loss)})"
    return f"{shorten(one.title, LONGEST)} ({shorten(level.name, LONGEST)}) {cost}"


def largest(robustness: Robustness) -> str:
    """Return the largest losses in one sentence, or that none was measured."""
    named = [in_words(one, level) for one, level in ordered(robustness, "condition")[:NAMED]]
    return f"The largest losses: {'; '.join(named)}." if named else "No change could be measured."


def loss_tables(robustness: Robustness) -> Iterator[Texts]:
    """Yield a table of conditions at their worst level, and one of other preparations."""
    for heading, rows in (
        ("changed images, worst level", ordered(robustness, "condition")),
        ("other preparation", ordered_levels(robustness, "preprocessing")),
    ):
        if rows:
            yield Texts((heading, "", "points lost", "interval"), tuple(_row(*row) for row in rows))


def _row(one: ConditionLosses, level: LevelLoss) -> tuple[str, str, str, str]:
    name = shorten(level.name, LONGEST)
    return shorten(one.title, LONGEST), name, points_lost(level.loss), points_range(level.loss)
