"""Present images and labels of the caller's process as a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.subjects.datasets.readers.arrays import class_indices, fetch_from
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.subject import Dataset, read_dataset

EXPECTED = "give (images, labels), a tf.data.Dataset, a torch Dataset, or a path"
TENSORFLOW, TORCH = "tensorflow.python.data.ops.dataset_ops.DatasetV2", "torch.utils.data.dataset.Dataset"
COLOUR_CHANNELS = (1, 3)


def dataset_in_memory(data: object, progress: StepProgress | None = None) -> Dataset:
    """Present arrays, a ``tf.data.Dataset`` or a torch ``Dataset`` of (image, label) as a dataset.

    Images are (h, w), (h, w, 1 or 3) or (1 or 3, h, w): uint8, or floats of 0 to 1 or 0 to 255, which are rounded.
    Labels are 0 to 6, class names, or one-hot rows of seven. All images are copied.

    Raise ``UserError`` for other objects, shapes and values, such as images that are normalised already.
    """
    images, labels = _collected(data)
    if not len(images) or len(images) != len(labels):
        raise UserError(f"{len(images)} images and {len(labels)} labels: one label per image is needed")
    pixels = [_pixels(image) for image in _bytes(images)]

    def fetch(index: int, *_: object) -> tuple[bytes, np.ndarray]:
        return fetch_from(pixels[index][np.newaxis])(0)

    listing = Listing("in memory", tuple(map(str, range(len(pixels)))), _classes(labels), fetch)
    return read_dataset("images in memory", listing, progress)


def _collected(data: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return images and labels of any supported object, in the same order."""
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(data).__mro__}
    if isinstance(data, tuple | list) and len(data) == 2:
        return list(_array(data[0])), list(_array(data[1]))
    if TENSORFLOW in bases:
        return _separated(_unbatched(data.as_numpy_iterator()))
    if TORCH in bases:
        return _separated(data[index] for index in range(len(data)))
    raise UserError(f"an object of type {type(data).__name__} is not a dataset: {EXPECTED}")


def _unbatched(rows: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    for image, label in rows:
        if np.ndim(image) == 4:
            yield from zip(image, label, strict=True)
        else:
            yield image, label


def _separated(rows: Iterable[tuple[Any, Any]]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    pairs = [(_array(image), _array(label)) for image, label in rows]
    return [image for image, _ in pairs], [label for _, label in pairs]


def _array(value: Any) -> np.ndarray:
    """Return an array, tensor or Pillow image as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return np.asarray(value)


def _bytes(images: list[np.ndarray]) -> list[np.ndarray]:
    """Return all images as uint8, by one rule for all of them."""
    if all(image.dtype == np.uint8 for image in images):
        return list(images)
    least, most = min(float(np.min(image)) for image in images), max(float(np.max(image)) for image in images)
    if not (least >= 0 and most <= 255):
        raise UserError(
            f"the images hold values from {least:.3g} to {most:.3g}: give pixels of 0 to 255, or 0 to 1, as they were "
            "before they were normalised; the contract says how the model wants them"
        )
    scale = 255 if most <= 1 else 1
    return [np.rint(np.asarray(image, np.float64) * scale).astype(np.uint8) for image in images]


def _pixels(image: np.ndarray) -> np.ndarray:
    """Return an image with its channels last."""
    if image.ndim == 3 and image.shape[-1] not in COLOUR_CHANNELS and image.shape[0] in COLOUR_CHANNELS:
        image = image.transpose(1, 2, 0)
    if image.ndim not in (2, 3) or 0 in image.shape or (image.ndim == 3 and image.shape[-1] not in COLOUR_CHANNELS):
        raise UserError(f"an image has shape {image.shape}: expected (h, w), (h, w, 1 or 3) or (1 or 3, h, w)")
    return np.ascontiguousarray(image)


def _classes(labels: list[np.ndarray]) -> np.ndarray:
    """Return the class (0 to 6) of every image."""
    given, count = np.asarray(labels), len(spec.load().classes)
    if given.dtype.kind in "UO":
        indices = class_indices(map(str, given.tolist()))
        return np.array([indices[str(name)] for name in given.tolist()], np.int64)
    if given.ndim == 2 and given.shape[1] == count and np.isin(given, (0, 1)).all() and (given.sum(axis=1) == 1).all():
        return given.argmax(axis=1)
    flat = given.reshape(len(given), -1)
    if flat.shape[1] != 1 or given.dtype.kind not in "iu" or not ((flat >= 0) & (flat < count)).all():
        raise UserError(f"labels must be integers of 0 to {count - 1}, class names, or one-hot rows of {count}")
    return flat[:, 0].astype(np.int64)
