"""Which typical mistake an answer looks like: the one that would give the same numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def resembled(observed: np.ndarray, mistakes: Mapping[str, np.ndarray], tolerance: float) -> str | None:
    """Return the first mistake whose numbers, of the same shape, are those observed; None where none is."""
    for name, numbers in mistakes.items():
        if numbers.shape == observed.shape and np.abs(numbers - observed).max() <= tolerance:
            return name
    return None
