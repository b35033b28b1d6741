"""Measure how much of a picture has exactly one colour, as in drawings and emoji."""

from __future__ import annotations

import numpy as np

# grey levels by which the compression of a picture changes an area of one colour
TOLERANCE = 2


def flatness(face: np.ndarray) -> float:
    """Return the share (0..1) of pixels whose 3 × 3 neighbours have their colour.

    ``face`` is (h, w, 3) uint8. Skin in a photograph varies from pixel to pixel; a surface in a drawing does not.
    Drawings with shading have a low share, and photographs with burnt-out light have a high one.
    """
    import cv2

    picture = np.ascontiguousarray(face)
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(picture, kernel).astype(np.int16) - cv2.erode(picture, kernel)
    return float((spread.max(axis=-1) <= TOLERANCE).mean())
