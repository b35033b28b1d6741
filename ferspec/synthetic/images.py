"""Renders sets of synthetic images of any size and class counts. Every image can be rendered by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ferspec.errors import UserError
from ferspec.synthetic.description import Scene
from ferspec.synthetic.groups import attributes
from ferspec.synthetic.rendering import render
from ferspec.synthetic.sampling import sample
from ferspec.synthetic.tables import CLASSES


class SyntheticImage(NamedTuple):
    """One rendered face: pixels (size, size, 3) uint8 RGB, its class, its number in the class, its attributes."""

    pixels: np.ndarray
    label: str
    number: int
    attributes: dict[str, str]


def scene(seed: int, label: str, index: int) -> Scene:
    """Return the scene of image ``index`` (from 0) of class ``label`` for a ``seed``."""
    return sample(f"{seed}/{index}", label)


def synthetic_images(counts: Mapping[str, int] | int, size: int = 256, seed: int = 0) -> Iterator[SyntheticImage]:
    """Yield synthetic faces class by class, in the order of the classes.

    ``counts`` is the number of images of each class, or one number for all seven. An image depends only on ``seed``,
    its class and its number in the class, not on the counts or on other images. ``UserError`` for an unknown class or
    a negative count.
    """
    if not isinstance(counts, Mapping):
        counts = dict.fromkeys(CLASSES, counts)
    for label, count in counts.items():
        if label not in CLASSES:
            raise UserError(f"unknown class {label!r}: known are {', '.join(CLASSES)}")
        if count < 0:
            raise UserError(f"the count of class {label} is {count}: give 0 or more")
    return _images({label: counts.get(label, 0) for label in CLASSES}, size, seed)


def _images(counts: Mapping[str, int], size: int, seed: int) -> Iterator[SyntheticImage]:
    for label, count in counts.items():
        for index in range(count):
            drawn = scene(seed, label, index)
            yield SyntheticImage(render(drawn, size), label, index, attributes(drawn))


def synthetic_arrays(
    counts: Mapping[str, int] | int, size: int = 256, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return the images, labels and attributes of a set of synthetic faces.

    Images are (n, size, size, 3) uint8 RGB, labels (n,) from 0 to 6, and the values of each attribute (n,).
    """
    drawn = list(synthetic_images(counts, size, seed))
    images = np.stack([image.pixels for image in drawn]) if drawn else np.zeros((0, size, size, 3), np.uint8)
    labels = np.array([CLASSES.index(image.label) for image in drawn], dtype=np.int64)
    names = attributes(scene(seed, CLASSES[0], 0))
    return images, labels, {name: np.array([image.attributes[name] for image in drawn], dtype=str) for name in names}
