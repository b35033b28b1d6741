"""Tries the schedules that people set by mistake to name the one a log follows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ferspec.checks.run.schedule.replay import first_mismatch
from ferspec.checks.run.schedule.rounded_losses import same_rate
from ferspec.checks.run.schedule.watches import WATCHES
from ferspec.reference.schedule import BEFORE_ANY, PlateauRule, StoppingRule, Watch
from ferspec.required import required
from ferspec.spec.records import Profile
from ferspec.subjects.runs.logs.phases import LoggedPhase

PLATEAU, IMPROVEMENT = "FER-S-03", "FER-S-04"
PATIENCES = range(1, 31)
FACTORS = (0.1, 0.2, 0.25, 0.3, 0.7, 0.75, 0.8, 0.9)
MINIMA = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 0.0)
MIN_DELTAS = (0.0, 1e-5, 1e-3, 1e-2)
COOLDOWNS = (2, 3, 4, 5, 10)
# metrics that are better when larger are monitored with a negative sign
MONITORS = {"val_accuracy": -1, "loss": 1, "accuracy": -1}
STOPPING_PATIENCES = (19, 21, 15, 25, 10, 30, 5, 40, 50, 100)


@dataclass(frozen=True)
class Alternative:
    """One wrong rule: the clause that it breaks, its name in words, and its parameters."""

    clause: str
    name: str
    rule: PlateauRule
    cooldown: int = 0
    monitor: str = "val_loss"

    def rates(self, phase: LoggedPhase, watch: Watch = BEFORE_ANY) -> tuple[float, ...] | None:
        """Return the rate of every epoch under this rule. None if its monitor is not logged."""
        if getattr(phase, self.monitor) is None:
            return None
        epochs, values = _monitored(phase, self.monitor)
        rates = with_cooldown(self.rule, self.cooldown, [*values, math.nan], required(phase.rate)[0], watch)
        return tuple(rates[bisect_left(epochs, epoch)] for epoch in range(len(phase)))


def _monitored(phase: LoggedPhase, monitor: str) -> tuple[list[int], list[float]]:
    """Return epochs (from 0) and values of the monitor (smaller is better)."""
    without = phase.unvalidated if monitor.startswith("val_") else ()
    epochs = [epoch for epoch in range(len(phase)) if epoch not in without]
    return epochs, [MONITORS.get(monitor, 1) * getattr(phase, monitor)[epoch] for epoch in epochs]


def with_cooldown(
    rule: PlateauRule, cooldown: int, values: Sequence[float], initial_rate: float, watch: Watch = BEFORE_ANY
) -> tuple[float, ...]:
    """Return the rates of Keras' plateau rule with a cooldown.

    During the ``cooldown`` epochs after a reduction the patience does not count. The epoch in which a cooldown ends
    counts again, so a cooldown of 1 has no effect.
    """
    rates, remaining = [initial_rate], 0
    for value in values[:-1]:
        remaining = max(remaining - 1, 0)
        if remaining:
            rate, watch = rates[-1], replace(watch.after(value, rule.min_delta), waited=0)
        else:
            rate, watch = rule.after(rates[-1], watch, value)
            remaining = cooldown if rate < rates[-1] else 0
        rates.append(rate)
    return tuple(rates)


def explanations(phases: Sequence[LoggedPhase], profile: Profile) -> list[Alternative]:
    """Return the wrong rules that give all rates, with one mistake or else with two."""
    rule = PlateauRule.of(profile)
    single = [alternative for alternative in _single(rule) if _explains(alternative, phases)]
    return single or [alternative for alternative in _double(rule, phases) if _explains(alternative, phases)]


def _explains(alternative: Alternative, phases: Sequence[LoggedPhase]) -> bool:
    return all(any(_gives(alternative.rates(phase, watch), phase) for watch in WATCHES) for phase in phases)


def _gives(rates: tuple[float, ...] | None, phase: LoggedPhase) -> bool:
    return rates is not None and first_mismatch(required(phase.rate), rates) is None


def _single(rule: PlateauRule) -> Iterator[Alternative]:
    nearest_first = sorted(PATIENCES, key=lambda patience: abs(patience - rule.patience))
    for patience in nearest_first:
        if patience != rule.patience:
            yield Alternative(PLATEAU, f"a patience of {patience}", replace(rule, patience=patience))
    for factor in FACTORS:
        yield Alternative(PLATEAU, f"a factor of {factor:g}", replace(rule, factor=factor))
    for minimum in MINIMA:
        yield Alternative(PLATEAU, f"a minimum rate of {minimum:g}", replace(rule, minimum_rate=minimum))
    for cooldown in COOLDOWNS:
        yield Alternative(PLATEAU, f"a cooldown of {cooldown} epochs", rule, cooldown)
    for monitor in MONITORS:
        yield Alternative(PLATEAU, f"{monitor} monitored instead of val_loss", rule, monitor=monitor)
    for min_delta in MIN_DELTAS:
        yield Alternative(IMPROVEMENT, f"a min_delta of {min_delta:g}", replace(rule, min_delta=min_delta))


def _double(rule: PlateauRule, phases: Sequence[LoggedPhase]) -> Iterator[Alternative]:
    """Yield another patience with a min_delta of 0, or with the first reduction's factor."""
    pairs = (pair for phase in phases for pair in pairwise(required(phase.rate)))
    drops = (after / before for before, after in pairs if 0 < after < before)
    factor = next((drop for drop in drops if not same_rate(drop, rule.factor)), None)
    for patience in PATIENCES:
        if factor is not None:
            name = f"a patience of {patience} and a factor of {factor:.3g}"
            yield Alternative(PLATEAU, name, replace(rule, patience=patience, factor=factor))
        if patience != rule.patience:
            name = f"a patience of {patience} and a min_delta of 0"
            yield Alternative(PLATEAU, name, replace(rule, patience=patience, min_delta=0.0))


def decays_by_epoch(phase: LoggedPhase) -> bool:
    """Return whether the rate changes in nearly every epoch, which a plateau rule cannot cause."""
    changes = sum(not same_rate(after, before) for before, after in pairwise(required(phase.rate)))
    return len(phase) > 3 and changes > 0.8 * (len(phase) - 1)


def other_stops(phase: LoggedPhase, profile: Profile) -> list[str]:
    """Return, in words, the wrong stopping rules that end a phase exactly where it ended."""
    rule = StoppingRule.of(profile)
    names = [
        f"a patience of {patience}"
        for patience in STOPPING_PATIENCES
        if patience != rule.patience and _stops(replace(rule, patience=patience), phase)
    ]
    if _stops(replace(rule, min_delta=1e-4), phase):
        names.append("a min_delta of 0.0001")
    return names + [
        f"{monitor} monitored instead of val_loss"
        for monitor in MONITORS
        if getattr(phase, monitor) is not None and _stops(rule, phase, monitor)
    ]


def _stops(rule: StoppingRule, phase: LoggedPhase, monitor: str = "val_loss") -> bool:
    """Return whether a rule stops a phase exactly where it ended."""
    epochs, values = _monitored(phase, monitor)
    stops = (rule.stop(values, watch) for watch in WATCHES)
    return any(stop is not None and epochs[stop] == len(phase) - 1 for stop in stops)
