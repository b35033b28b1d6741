"""How Keras remembers the best loss, version by version: a log does not tell which of them trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ferspec.reference.schedule import Watch


@dataclass(frozen=True)
class WatchOfKeras2(Watch):
    """What the rules of Keras 2 (``tf.keras`` up to 2.15) remember, which begin with an infinite best loss.

    A first loss that is no number, or infinite, is an epoch of waiting, and the next real one improves on it. Compared
    in double precision.
    """

    best: float = math.inf

    def improves(self, val_loss: float, min_delta: float) -> bool:
        return val_loss < self.best - min_delta


# they part only where losses begin with none that is finite, or an improvement is of min_delta but for a rounding
READINGS = (Watch(), WatchOfKeras2())
