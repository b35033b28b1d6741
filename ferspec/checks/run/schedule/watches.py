"""How each version of Keras tracks the best loss. A log does not show which version trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ferspec.reference.schedule import Watch


@dataclass(frozen=True)
class WatchOfKeras2(Watch):
    """The state of Keras 2 callbacks (``tf.keras`` up to 2.15); the best loss starts at infinity.

    A first loss that is NaN or infinite counts as an epoch without improvement; the next finite loss improves on it.
    Losses are compared in double precision.
    """

    best: float = math.inf

    def improves(self, val_loss: float, min_delta: float) -> bool:
        return val_loss < self.best - min_delta


# they differ only if the first loss is not finite, or an improvement equals min_delta up to rounding
WATCHES = (Watch(), WatchOfKeras2())
