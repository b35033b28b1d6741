"""Convert grey levels to a network's input: colour, range, mean and standard deviation."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.models.preprocessing import Preprocessing

# the weights of red, green and blue in grey: ITU-R BT.601, as in Pillow and OpenCV
GRAY_OF_RGB = (0.299, 0.587, 0.114)


def scaled(batch: np.ndarray, preprocessing: Preprocessing, out: np.ndarray | None = None) -> np.ndarray:
    """Return images (b, h, w, c) float32 in the form that a network reads.

    ``batch`` has RGB images (b, h, w, 3) float32 in grey levels, 0..255. ``out`` may be ``batch`` itself where the
    network reads three channels. Grey is not rounded, like augmented values. Where the range is 0..1 this is one
    product with float32(1/255), equal to Keras' ``rescale`` to the last bit.

    ``UserError`` where mean or std do not fit the channels. FER-A-01, FER-P-07.
    """
    factor, offset = linear_map(preprocessing)
    coloured = _coloured(batch, preprocessing)
    # NumPy multiplies by a whole row of factors much faster than by the few factors of one pixel.
    row = (coloured.shape[2], 1)
    fed: np.ndarray = np.multiply(coloured, np.tile(factor, row), out=out)
    if offset.any():
        fed += np.tile(offset, row)
    return fed


def linear_map(preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Return ``factor`` and ``offset`` of the linear map from grey levels, (c,) float32 each.

    A grey level v becomes ``v * factor + offset``.
    """
    low, high = preprocessing.range
    mean = _per_channel("mean", preprocessing.mean or (0.0,), preprocessing.channels)
    std = _per_channel("std", preprocessing.std or (1.0,), preprocessing.channels)
    if not std.all():
        raise UserError(f"the preprocessing's std is {preprocessing.std}: a standard deviation cannot be 0")
    divisor = spec.load().number("FER-A-01", "divisor")
    return ((high - low) / divisor / std).astype(np.float32), ((low - mean) / std).astype(np.float32)


def _per_channel(name: str, figures: tuple[float, ...], channels: int) -> np.ndarray:
    if len(figures) not in (1, channels):
        raise UserError(
            f"the preprocessing's {name} has {len(figures)} values: give one, or one a channel ({channels})"
        )
    return np.broadcast_to(np.asarray(figures, np.float64), channels)


def _coloured(batch: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    if preprocessing.colour == "rgb":
        return batch
    if preprocessing.colour == "bgr":
        return batch[..., ::-1]
    gray = batch @ np.asarray(GRAY_OF_RGB, np.float32)[:, np.newaxis]
    return np.repeat(gray, preprocessing.channels, axis=-1)
