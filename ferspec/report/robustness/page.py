"""Gathers what the page of a report shows of robustness."""

from __future__ import annotations

from dataclasses import dataclass

from ferspec.report.robustness.plot import Drawing, drawing
from ferspec.report.robustness.rows import explanation, ordered, points_lost, unmeasured
from ferspec.report.words import points_range
from ferspec.subjects.certificates.losses import Robustness


@dataclass(frozen=True)
class Shown:
    """What the section shows: sentences, the loss of the control in words, the plots, and what was not measured."""

    explanation: str
    control: str | None
    drawing: Drawing | None
    unmeasured: tuple[str, ...]


def shown(robustness: Robustness) -> Shown:
    """Return the content of the section on robustness."""
    controls = [level.loss for _, level in ordered(robustness, "control")]
    control = f"{points_lost(controls[0])} points ({points_range(controls[0])})" if controls else None
    return Shown(explanation(robustness), control, drawing(robustness), tuple(unmeasured(robustness)))
