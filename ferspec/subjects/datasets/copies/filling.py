"""Fill the blank corners of rotated and shifted pictures, as torchvision and Pillow leave them."""

from __future__ import annotations

import numpy as np

# Grey levels that a blank corner differs from its own corner pixel at most, as compression leaves it; that far from
# black or white a corner is not blank.
TOLERANCE = 10
# the share of a square that blank corners have: less changes nothing, and more leaves too little of the picture
LEAST, MOST = 0.01, 0.5


def filled(square: np.ndarray) -> np.ndarray | None:
    """Return a square with blank corners filled from the nearest pixels, else None.

    ``square`` is (side, side) float32, in grey levels from 0 to 255. A blank corner is black or white, and all pixels
    that continue it are filled.
    """
    import cv2

    blank = _blank(square)
    if not LEAST <= blank.mean() <= MOST:
        return None
    # the pixels beside a blank one are mixed with it
    blank = cv2.dilate(blank, np.ones((3, 3), np.uint8))
    if blank.all():
        return None
    _, nearest = cv2.distanceTransformWithLabels(blank, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    levels = np.zeros(nearest.max() + 1, np.float32)
    levels[nearest[blank == 0]] = square[blank == 0]
    return levels[nearest]


def _blank(square: np.ndarray) -> np.ndarray:
    """Return 1 for each pixel of a blank corner (side, side) uint8, 0 for others."""
    import cv2

    side, last = len(square), len(square) - 1
    levels = np.rint(np.clip(square, 0, 255)).astype(np.uint8)
    # OpenCV marks in an array with a border of one pixel
    marked = np.zeros((side + 2, side + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    for row, column in ((0, 0), (0, last), (last, 0), (last, last)):
        level = int(levels[row, column])
        if (level <= TOLERANCE or level >= 255 - TOLERANCE) and not marked[row + 1, column + 1]:
            cv2.floodFill(levels, marked, (column, row), 0, TOLERANCE, TOLERANCE, flags)
    return marked[1:-1, 1:-1].copy()
