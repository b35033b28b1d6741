"""A made set in the BTFER form, and a list by which its pictures are known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from ferspec import spec
from ferspec.spec.pictures import Pictures, ReducedPicture
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.kept import KeptImages
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.readers import Listing
from ferspec.subjects.datasets.recognition.reduce import Reading, Reduction, reductions
from ferspec.subjects.datasets.subject import Dataset, read_dataset
from helpers.miniatures import CENTRES

CLASSES = spec.load().classes
LABELS = np.repeat(np.arange(7), 300)
SIZE = 256


def picture(index: int) -> np.ndarray:
    """Return a smooth picture of its own, in the colour of its class."""
    rng = np.random.default_rng(index)
    coarse = CENTRES[LABELS[index]] + rng.normal(0, 40, (12, 12, 3))
    return cv2.resize(coarse.clip(0, 255).astype(np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def listing(fetch: Callable[[int], np.ndarray] = picture, labels: np.ndarray = LABELS) -> Listing:
    def read(index: int, *_: object) -> tuple[bytes, np.ndarray]:
        image = fetch(index)
        return image.tobytes(), image

    return Listing("class folders", tuple(f"{index:04}.png" for index in range(len(labels))), labels, read)


@cache
def made_set() -> Dataset:
    """Return 7 × 300 made pictures that are all listed, read once."""
    dataset = read_dataset("set", listing())
    return replace(dataset, pictures=listed(dataset))


def listed(dataset: Dataset, reading: Reading = "pillow") -> Pictures:
    """Return the list by which all images of a dataset are known."""
    return Pictures(reduced=tuple(_listed(one[reading]) for one in dataset.reduced))


def _listed(reduction: Reduction) -> ReducedPicture:
    return ReducedPicture(**reduction.model_dump(exclude={"disagreement"}))


def changed(dataset: Dataset, changes: Mapping[int, tuple[np.ndarray, int]]) -> Dataset:
    """Return the set with other images and labels at some places, as if it had been read with them."""
    entries, reduced, labels = list(dataset.entries), list(dataset.reduced), dataset.labels.copy()
    for index, (image, label) in changes.items():
        labels[index] = label
        reduced[index] = reductions(image, CLASSES[label])
        entries[index] = Entry(
            path=dataset.ids[index],
            bytes_sha256=hashlib.sha256(image.tobytes()).hexdigest(),
            pixels_sha256=pixel_digest(image),
            height=SIZE,
            width=SIZE,
            label=CLASSES[label],
        )
    images = {index: image for index, (image, _) in changes.items()}
    shown, kept = listing(lambda index: images.get(index, dataset.image(index)), labels), KeptImages()
    for index in range(len(dataset)):
        kept.keep(index, images[index] if index in images else dataset.image(index))
    return replace(dataset, listing=shown, entries=tuple(entries), reduced=tuple(reduced), kept=kept)
