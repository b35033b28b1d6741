"""Augment with Keras' own generator and the ranges of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.augmentation.stream import Stream

if TYPE_CHECKING:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

KERAS_FLIPS = 0.5


def keras_generator() -> ImageDataGenerator:
    """Return Keras' ``ImageDataGenerator`` with the ranges of FER-A-02 to FER-A-05 and the edges of FER-A-07.

    It does not rescale: ``scaled`` does that last (FER-A-09), for every way of augmenting.
    """
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    book = spec.load()
    if book.number("FER-A-05", "flip_probability") != KERAS_FLIPS:
        raise UserError(
            "Keras' generator mirrors images with probability 0.5, FER-A-05 with another: use another --augment"
        )
    return ImageDataGenerator(
        rotation_range=book.number("FER-A-02", "rotation_degrees"),
        width_shift_range=book.number("FER-A-03", "width_shift"),
        height_shift_range=book.number("FER-A-03", "height_shift"),
        zoom_range=book.number("FER-A-04", "zoom"),
        horizontal_flip=True,
        fill_mode=book.text("FER-A-07", "fill"),
        interpolation_order=book.integer("FER-A-07", "interpolation_order"),
    )


def reference_batches(
    images: np.ndarray, labels: np.ndarray, stream: Stream, epoch: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of an epoch as ``ImageDataGenerator.flow`` makes them, the partial last one included.

    ``images`` (n, h, w, 3) uint8 are held in memory as float32, four times their size, as ``flow`` does. A batch is
    (b, h, w, 3) float32 within 0..255, neither rounded nor rescaled, and its labels (b,). ``epoch`` counts from 0.
    Keras draws from NumPy's global random state and seeds it for every batch: run this in one thread.

    FER-A-13, FER-A-14.
    """
    flow = keras_generator().flow(images, labels, batch_size=stream.batch_size, shuffle=True, seed=stream.seed)
    flow.total_batches_seen = epoch * stream.batches
    for _ in range(stream.batches):
        yield next(flow)
