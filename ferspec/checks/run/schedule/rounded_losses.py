"""Follows the rules on rounded losses, trying both outcomes wherever the last digit decides.

The behaviour of Keras 2 and that of Keras 3 are both followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from ferspec import spec
from ferspec.checks.run.schedule.watches import WATCHES
from ferspec.reference.schedule import PlateauRule, StoppingRule, Watch
from ferspec.required import required
from ferspec.subjects.runs.logs.phases import LoggedPhase

# losses with at most this many decimals count as rounded, possibly after Keras compared them
FEW_DECIMALS = 5
# the relative precision of comparisons in float32
FLOAT32 = 2.0**-22

State = tuple[float, Watch]


def rounding_of(phase: LoggedPhase) -> float:
    """Return the unit that validation losses are rounded to, or 0 if they are not.

    Losses so large that float32 has no further decimal are not considered.
    """
    finite = [loss for loss in required(phase.val_loss) if math.isfinite(loss)]
    for decimals in range(1, FEW_DECIMALS + 1):
        shown = any(abs(loss) * FLOAT32 < 10.0**-decimals for loss in finite)
        if shown and all(abs(round(loss, decimals) - loss) < 1e-9 for loss in finite):
            return 10.0**-decimals
    return 0.0


def same_rate(one: float, other: float) -> bool:
    """Return whether two rates are equal up to the rounding of another framework (FER-R-11)."""
    return abs(one - other) <= spec.load().number("FER-R-11", "rate_tolerance") * abs(other)


def follow_rates(
    phase: LoggedPhase, rule: PlateauRule, step: float = 0.0, of_next: bool = False
) -> tuple[tuple[float, ...], int | None]:
    """Return the rates up to the first mismatch, and its epoch (from 0) or None.

    ``step`` is the unit that losses were rounded to; if it decides whether a loss is an improvement, both outcomes are
    followed for as long as the logged rates agree. ``of_next`` is for epochs that are logged with the rate of the next
    one. An epoch without validation changes nothing, as in Keras.
    """
    logged = required(phase.rate)
    states: list[State] = [(rule.rates((), logged[0])[0], watch) for watch in WATCHES]
    expected: list[float] = []
    for epoch, rate in enumerate(logged):
        if of_next:
            states = _next_states(phase, epoch, rule, states, step)
        expected.append(states[0][0])
        states = [state for state in states if same_rate(rate, state[0])]
        if not states:
            return tuple(expected), epoch
        if not of_next:
            states = _next_states(phase, epoch, rule, states, step)
    return tuple(expected), None


def _next_states(phase: LoggedPhase, epoch: int, rule: PlateauRule, states: list[State], step: float) -> list[State]:
    if epoch in phase.unvalidated:
        return states
    loss = required(phase.val_loss)[epoch]
    return list(dict.fromkeys(state for rate, watch in states for state in _rates_after(rule, rate, watch, loss, step)))


def _rates_after(rule: PlateauRule, rate: float, watch: Watch, loss: float, step: float) -> Iterator[State]:
    for improves in _improves(watch, loss, rule.min_delta, step):
        following, after = (rate, _improved(watch, loss)) if improves else rule.after(rate, watch, math.inf)
        # waiting longer than the patience makes no difference, and equal states are merged
        yield following, replace(after, waited=min(after.waited, rule.patience))


def _improved(watch: Watch, loss: float) -> Watch:
    return replace(watch, best=loss, waited=0)


def _improves(watch: Watch, loss: float, min_delta: float, step: float) -> Iterator[bool]:
    """Yield whether a loss is an improvement, and the opposite as well if rounding decides."""
    improves = watch.improves(loss, min_delta)
    yield improves
    if not step or watch.best is None or not math.isfinite(watch.best):
        return
    if abs(loss + min_delta - watch.best) <= step + FLOAT32 * abs(watch.best):
        yield not improves


def may_last(phase: LoggedPhase, rule: StoppingRule, step: float) -> tuple[bool, bool]:
    """Return whether rounded losses allow a phase to reach its end, and stop there.

    All unrounded losses that do not stop the phase earlier are considered.
    """
    watches: list[Watch] = list(WATCHES)
    for epoch, loss in enumerate(required(phase.val_loss)):
        watches = [watch for watch in watches if watch.waited < rule.patience]
        if not watches:
            return False, False
        if epoch not in phase.unvalidated:
            watches = list(
                dict.fromkeys(
                    _improved(watch, loss) if improves else watch.after(math.inf, rule.min_delta)
                    for watch in watches
                    for improves in _improves(watch, loss, rule.min_delta, step)
                )
            )
    stopped = len(phase) - 1 not in phase.unvalidated and any(watch.waited >= rule.patience for watch in watches)
    return True, stopped
