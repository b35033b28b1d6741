"""Follows the rules on losses that may have been logged rounded: where the last digit decides, both ways.

What Keras 2 and Keras 3 make of the same losses is followed alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from ferspec import spec
from ferspec.checks.run.schedule.readings import READINGS
from ferspec.reference.schedule import PlateauRule, StoppingRule, Watch
from ferspec.subjects.runs.logs.csv_logger import LoggedPhase

# losses with so many decimals or fewer were rounded before they were compared, or after: nobody knows
FEW_DECIMALS = 5
# comparisons are made in float32
FLOAT32 = 2.0**-22

State = tuple[float, Watch]


def rounding_of(phase: LoggedPhase) -> float:
    """Return the last decimal of validation losses that are rounded, 0 where they are not.

    Those so large that float32 has no further decimal show nothing.
    """
    finite = [loss for loss in phase.val_loss if math.isfinite(loss)]
    for decimals in range(1, FEW_DECIMALS + 1):
        shown = any(abs(loss) * FLOAT32 < 10.0**-decimals for loss in finite)
        if shown and all(abs(round(loss, decimals) - loss) < 1e-9 for loss in finite):
            return 10.0**-decimals
    return 0.0


def same_rate(one: float, other: float) -> bool:
    """Return whether two rates are the same but for the rounding of another framework (FER-R-11)."""
    return abs(one - other) <= spec.load().number("FER-R-11", "rate_tolerance") * abs(other)


def follow_rates(
    phase: LoggedPhase, rule: PlateauRule, step: float = 0.0, of_next: bool = False
) -> tuple[tuple[float, ...], int | None]:
    """Return the rates that a rule gives, up to the first that is not the logged one, and the place of that, or None.

    ``step`` is what losses were rounded to: where that decides whether one is an improvement, both are followed for as
    long as the logged rates agree. ``of_next`` is for epochs that are logged with the rate of the next one. An epoch
    without validation changes nothing, as in Keras.
    """
    states: list[State] = [(rule.rates((), phase.rate[0])[0], watch) for watch in READINGS]
    expected: list[float] = []
    for place, rate in enumerate(phase.rate):
        if of_next:
            states = _next_states(phase, place, rule, states, step)
        expected.append(states[0][0])
        states = [state for state in states if same_rate(rate, state[0])]
        if not states:
            return tuple(expected), place
        if not of_next:
            states = _next_states(phase, place, rule, states, step)
    return tuple(expected), None


def _next_states(phase: LoggedPhase, place: int, rule: PlateauRule, states: list[State], step: float) -> list[State]:
    if place in phase.unvalidated:
        return states
    loss = phase.val_loss[place]
    return list(dict.fromkeys(state for rate, watch in states for state in _rates_after(rule, rate, watch, loss, step)))


def _rates_after(rule: PlateauRule, rate: float, watch: Watch, loss: float, step: float) -> Iterator[State]:
    for improves in _improves(watch, loss, rule.min_delta, step):
        following, after = (rate, _improved(watch, loss)) if improves else rule.after(rate, watch, math.inf)
        # beyond its patience, how long it waited makes no difference
        yield following, replace(after, waited=min(after.waited, rule.patience))


def _improved(watch: Watch, loss: float) -> Watch:
    return replace(watch, best=loss, waited=0)


def _improves(watch: Watch, loss: float, min_delta: float, step: float) -> Iterator[bool]:
    """Yield whether a loss is an improvement, and where rounding decides on it, the contrary as well."""
    told = watch.improves(loss, min_delta)
    yield told
    known = step and watch.best is not None and math.isfinite(watch.best)
    if known and abs(loss + min_delta - watch.best) <= step + FLOAT32 * abs(watch.best):
        yield not told


def may_last(phase: LoggedPhase, rule: StoppingRule, step: float) -> tuple[bool, bool]:
    """Return whether a phase may last as long as it does where losses were rounded, and whether it may be stopped then.

    Of the ways to read the losses, those are followed by which the rule does not stop it before.
    """
    watches = list(READINGS)
    for place, loss in enumerate(phase.val_loss):
        watches = [watch for watch in watches if watch.waited < rule.patience]
        if not watches:
            return False, False
        if place not in phase.unvalidated:
            watches = list(
                dict.fromkeys(
                    _improved(watch, loss) if improves else watch.after(math.inf, rule.min_delta)
                    for watch in watches
                    for improves in _improves(watch, loss, rule.min_delta, step)
                )
            )
    stopped = len(phase) - 1 not in phase.unvalidated and any(watch.waited >= rule.patience for watch in watches)
    return True, stopped
