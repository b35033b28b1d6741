"""Measure how sharp a face is."""

from __future__ import annotations

import numpy as np

# the side to which a face is scaled first, so that the measure does not depend on the size of the picture
SIDE = 128


def sharpness(face: np.ndarray) -> float:
    """Return the variance of the Laplacian of a face, in squared grey levels.

    The face (h, w, 3) uint8 is scaled to ``SIDE``. Blur and enlargement lower the value; noise, glasses and a beard
    raise it. A smooth face in soft light is as low as one that is slightly blurred.
    """
    import cv2

    gray = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2GRAY)
    shrinks = min(gray.shape) >= SIDE
    scaled = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return float(cv2.Laplacian(scaled, cv2.CV_64F).var())
