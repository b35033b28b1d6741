"""Convert images to model inputs: colour, size, value range, mean and std, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.contracts.contract import Input

if TYPE_CHECKING:
    from ferspec.subjects.datasets.subject import Dataset

Alter = Callable[[np.ndarray], np.ndarray]

ANTIALIASED = frozenset({"bilinear", "bicubic", "lanczos"})
INTERPOLATION = {
    "nearest": "INTER_NEAREST_EXACT",
    "bilinear": "INTER_LINEAR",
    "bicubic": "INTER_CUBIC",
    "area": "INTER_AREA",
    "lanczos": "INTER_LANCZOS4",
}


def unaltered(image: np.ndarray) -> np.ndarray:
    """Return an image as it is."""
    return image


def prepare(image: np.ndarray, spec: Input) -> np.ndarray:
    """Convert one (height, width, 3) uint8 RGB image to (h, w, c) float32 input."""
    return prepare_batch([image], spec)[0]


def prepare_batch(images: Sequence[np.ndarray] | np.ndarray, spec: Input) -> np.ndarray:
    """Convert uint8 RGB images of any sizes to one (n, h, w, c) float32 batch.

    Channels are last for every layout. Grey is 0.299 R + 0.587 G + 0.114 B, rounded. Images are resized as uint8:
    ``nearest`` as in Pillow and ``bilinear`` as in TensorFlow, both with half-pixel centres; ``bicubic`` (a = -0.75),
    ``lanczos`` (8 x 8) and ``area`` as in OpenCV. With ``antialias``, bilinear, bicubic (a = -0.5) and lanczos (3
    lobes) are those of Pillow; it does not affect the others. Values are mapped in double precision and rounded to
    float32 once.

    Raise ``UserError`` if the lengths of mean or std do not match the channels, or a std is 0.
    """
    import cv2

    table = _values(spec)
    batch = np.empty((len(images), *spec.size, spec.channels), np.float32)
    for image, row in zip(images, batch, strict=True):
        pixels = _resized(_coloured(image, spec), spec)
        row[...] = cv2.LUT(pixels, table).reshape(row.shape)
    return batch


def batches(
    dataset: Dataset, indices: Sequence[int] | np.ndarray, spec: Input, batch_size: int, alter: Alter = unaltered
) -> Iterator[np.ndarray]:
    """Yield the prepared images at ``indices`` in that order, ``batch_size`` at a time.

    ``alter`` changes each image before it is prepared. A thread prepares one batch ahead.
    """

    def load(chosen: Sequence[int] | np.ndarray) -> np.ndarray:
        return prepare_batch([alter(dataset.image(index)) for index in chosen], spec)

    with ThreadPoolExecutor(max_workers=1) as thread:
        ready = None
        for start in range(0, len(indices), batch_size):
            following = thread.submit(load, indices[start : start + batch_size])
            if ready is not None:
                yield ready.result()
            ready = following
        if ready is not None:
            yield ready.result()


def resize(pixels: np.ndarray, size: tuple[int, int], method: str = "nearest") -> np.ndarray:
    """Resize uint8 pixels (h, w) or (h, w, c) to ``size`` (height, width), without antialiasing.

    ``nearest`` equals Pillow's, as used by Keras' ``flow_from_directory`` (FER-P-08).
    """
    import cv2

    if pixels.shape[:2] == tuple(size):
        return pixels
    return cv2.resize(pixels, tuple(size)[::-1], interpolation=getattr(cv2, INTERPOLATION[method]))


def _values(spec: Input) -> np.ndarray:
    """Return the lookup table (1, 256, c) float32 from grey values to input values."""
    low, high = spec.range
    values = np.linspace(low, high, 256)[:, np.newaxis]
    mean = _per_channel("mean", spec.mean or (0.0,), spec.channels)
    std = _per_channel("std", spec.std or (1.0,), spec.channels)
    if not std.all():
        raise UserError(f"the contract's std is {spec.std}: every standard deviation must be above 0")
    return np.ascontiguousarray((values - mean) / std, np.float32)[np.newaxis]


def _per_channel(name: str, values: tuple[float, ...], channels: int) -> np.ndarray:
    if len(values) not in (1, channels):
        raise UserError(f"the contract's {name} has {len(values)} values: give 1, or one per channel ({channels})")
    return np.broadcast_to(values, channels)


def _coloured(image: np.ndarray, spec: Input) -> np.ndarray:
    import cv2

    if spec.colour == "rgb":
        return image
    if spec.colour == "bgr":
        return cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return gray if spec.channels == 1 else cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)


def _resized(pixels: np.ndarray, spec: Input) -> np.ndarray:
    height, width = spec.size
    if spec.antialias and spec.resize in ANTIALIASED and pixels.shape[:2] != (height, width):
        from PIL import Image

        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling[spec.resize.upper()]))
    return resize(pixels, spec.size, spec.resize)
