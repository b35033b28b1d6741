"""Small versions of the rules of a training, independent of the suite's own (FER-S).

Each is correct by default, as paper 4.2 has it; a mistake changes one argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Losses = Sequence[float]


def rates(
    *,
    patience: int = 10,
    factor: float = 0.5,
    minimum: float = 1e-10,
    min_delta: float = 1e-4,
    relative: bool = False,
    cooldown: int = 0,
    sign: int = 1,
    keeps_waiting: bool = False,
    forgets: bool = False,
    previous: bool = False,
    smallest_step: float = 0.0,
    resets: bool = True,
    highest: float = math.inf,
    or_equal: bool = False,
) -> Callable[[Losses, float], list[float]]:
    """Return the capability ``learning_rates`` by a plateau rule, in double precision.

    ``sign`` -1 takes the highest for the best. A reduction does not end the waiting with ``keeps_waiting``, and
    forgets the best with ``forgets``; ``previous`` compares with the epoch before; reductions by less than
    ``smallest_step`` are left out; without ``resets`` an improvement does not end the waiting; ``highest`` is the best
    before there is any; with ``or_equal`` a fall by exactly ``min_delta`` counts.
    """

    def learning_rates(val_losses: Losses, initial_rate: float) -> list[float]:
        rate, best, waited, cooling, found = initial_rate, highest, 0, 0, []
        for loss in val_losses:
            found.append(rate)
            value = sign * loss
            if cooling:
                cooling, waited = cooling - 1, 0
            least = best * (1 - min_delta) if relative and best < math.inf else best - min_delta
            if value < least or (or_equal and value == least):
                best, waited = value, 0 if resets else waited
            elif not cooling:
                waited += 1
            if waited >= patience:
                lower = max(rate * factor, minimum)
                rate, cooling = (lower, cooldown) if rate - lower > smallest_step else (rate, cooling)
                waited = waited if keeps_waiting else 0
                best = math.inf if forgets else best
            best = value if previous else best
        return found

    return learning_rates


def stops(
    *,
    patience: int = 20,
    min_delta: float = 0.0,
    or_equal: bool = False,
    sign: int = 1,
    previous: bool = False,
    warmup: int = 0,
    highest: float = math.inf,
) -> Callable[[Losses], int | None]:
    """Return the capability ``stopping_epoch`` by a rule; before ``warmup`` no epoch is watched."""

    def stopping_epoch(val_losses: Losses) -> int | None:
        best, waited = highest, 0
        for epoch, loss in enumerate(val_losses[warmup:], warmup):
            value = sign * loss
            improved = value < best - min_delta or (or_equal and value == best)
            best, waited = (value, 0) if improved else (value if previous else best, waited + 1)
            if waited >= patience:
                return epoch
        return None

    return stopping_epoch
