"""Measure a picture: its faces by two detectors, and how sharp, flat and free of text the largest face is."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from ferspec.collection.faces import Detectors, Face, overlap
from ferspec.collection.measures import flatness, sharpness, text_share
from ferspec.records import Record

Pixels = Annotated[int, Field(gt=0, lt=1 << 31)]


class Measures(Record):
    """Hold what was measured on a picture.

    ``first`` and ``second`` are the faces of the two detectors, the largest first. ``sharpness``, ``flatness`` and
    ``text`` are those of the face, or of the whole picture where no face was found.
    """

    height: Pixels
    width: Pixels
    first: tuple[Face, ...]
    second: tuple[Face, ...]
    sharpness: float
    flatness: float
    text: float

    @property
    def face(self) -> Face | None:
        """The face that is cut out: the largest one of the first detector, else of the second."""
        return next(iter(self.first or self.second), None)

    @property
    def agreement(self) -> float:
        """The overlap of the face with the nearest one of the second detector; 0 where there is none."""
        if self.face is None:
            return 0.0
        return max((overlap(self.face.box, other.box) for other in self.second), default=0.0)


def measure(picture: np.ndarray, detectors: Detectors) -> Measures:
    """Measure a picture (h, w, 3) uint8 RGB."""
    height, width = picture.shape[:2]
    first, second = detectors.first.faces(picture), detectors.second.faces(picture)
    face = next(iter(first or second), None)
    region = picture
    if face is not None and face.box.within(height, width).area > 0:
        left, top, right, bottom = face.box.within(height, width)
        region = picture[top:bottom, left:right]
    return Measures(
        height=height,
        width=width,
        first=first,
        second=second,
        sharpness=sharpness(region),
        flatness=flatness(region),
        text=text_share(region),
    )
