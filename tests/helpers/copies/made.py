"""Sets to search for copies in: photographs and rendered faces, and changed copies of these, made on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from ferspec.reference.augmentation.parameters import Parameters, parameters_from
from ferspec.reference.augmentation.warp import augmented
from ferspec.synthetic import synthetic_images
from helpers.copies.twins import SITTINGS, TWINS

SIDE, QUERIES, COPIES = 48, 2100, 1000
RENDERED_OTHERS = 50  # of each class
ROTATION, SHIFT, ZOOM = 20.0, 0.2, 0.2

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def lit(image: np.ndarray, factor: float) -> np.ndarray:
    return np.clip(np.rint(image * np.float32(factor)), 0, 255).astype(np.uint8)


def moved(
    image: np.ndarray, rotation: float = 0, shifts: tuple[float, float] = (0, 0), zooms: tuple[float, float] = (1, 1)
) -> np.ndarray:
    """Return an image moved as the protocol does; shifts are shares of its side."""
    rows, columns = (np.array([shift * SIDE]) for shift in shifts)
    return _applied(image, Parameters(np.array([rotation]), rows, columns, np.array([zooms]), np.array([False])))


def augmented_at_random(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _applied(image, parameters_from(rng.random((1, 7)), (SIDE, SIDE)))


def _applied(image: np.ndarray, parameters: Parameters) -> np.ndarray:
    return np.rint(augmented(image[None], parameters)[0]).clip(0, 255).astype(np.uint8)


def two(rng: np.random.Generator, low: float, high: float) -> tuple[float, float]:
    return float(rng.uniform(low, high)), float(rng.uniform(low, high))


def shifted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift an image so that at least 70 % of it is left."""
    shifts = two(rng, -SHIFT, SHIFT)
    while (1 - abs(shifts[0])) * (1 - abs(shifts[1])) < 0.7:
        shifts = two(rng, -SHIFT, SHIFT)
    return moved(image, shifts=shifts)


CHANGES: dict[str, Change] = {
    "mirror": lambda image, rng: np.ascontiguousarray(image[:, ::-1]),
    "JPEG 50": lambda image, rng: compressed(image, 50),
    "light ± 20 %": lambda image, rng: lit(image, rng.choice([0.8, 1.2])),
    "half size": lambda image, rng: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "rotation ≤ 20°": lambda image, rng: moved(image, rotation=rng.uniform(-ROTATION, ROTATION)),
    "zoom 0.8 to 1.2": lambda image, rng: moved(image, zooms=two(rng, 1 - ZOOM, 1 + ZOOM)),
    "shift, ≥ 70 % left": shifted,
    "whole augmentation": augmented_at_random,
    "whole augmentation, JPEG 50": lambda image, rng: compressed(augmented_at_random(image, rng), 50),
}


@dataclass(frozen=True)
class Planted:
    """Queries, and ``total`` other images: copies of queries by each change, and augmented copies of other faces.

    Half of the photographs are queries, with rendered faces to make 2,100; the other half, and other rendered faces,
    fill the rest by turns. Pictures that show one photograph are in the same half.
    """

    photographs: np.ndarray
    total: int
    seed: int = 17

    @cached_property
    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the photographs to search for, and of the others."""
        order = np.random.default_rng(self.seed).permutation(len(self.photographs))
        first = {*order[: len(order) // 2].tolist()}
        for one, other in sorted(TWINS):
            first = first | {other} if one in first else first - {other}
        return np.array(sorted(first)), np.array(sorted({*range(len(order))} - first))

    @cached_property
    def queries(self) -> np.ndarray:
        photographs = self.photographs[self.halves[0]]
        count = QUERIES - len(photographs)
        return np.concatenate([photographs, rendered(-(-count // 7), 29)[:count]])

    @cached_property
    def fill(self) -> tuple[np.ndarray, np.ndarray]:
        """The photographs and the rendered faces whose copies fill the set."""
        return self.photographs[self.halves[1]], rendered(RENDERED_OTHERS, 31)

    @cached_property
    def places(self) -> np.ndarray:
        """The places of the copies of queries, change by change."""
        return np.random.default_rng(self.seed + 1).choice(self.total, COPIES * len(CHANGES), replace=False)

    @cached_property
    def _planted(self) -> dict[int, int]:
        return {int(place): number for number, place in enumerate(self.places)}

    def shows(self, place: int) -> tuple[str, int]:
        """Return what an image is: a change and the number of the query, or the kind of fill and -1."""
        number = self._planted.get(place)
        if number is None:
            return ("photograph", "rendered face")[place % 2], -1
        change, copy = divmod(number, COPIES)
        return list(CHANGES)[change], copy % len(self.halves[0])

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, place: int) -> np.ndarray:
        rng = np.random.default_rng((self.seed, place))
        kind, query = self.shows(place)
        if query >= 0:
            return CHANGES[kind](self.queries[query], rng)
        faces = self.fill[place % 2]
        changed = augmented_at_random(faces[rng.integers(len(faces))], rng)
        return compressed(changed, int(rng.integers(50, 96))) if rng.random() < 0.5 else changed

    def of_one_sitting(self, query: int, place: int) -> bool:
        """Return whether a photograph, and the one that an image is a copy of, show one person in one sitting."""
        _, copied = self.shows(place)
        shown = (
            self.halves[0][copied]
            if copied >= 0
            else self.halves[1][np.random.default_rng((self.seed, place)).integers(len(self.halves[1]))]
        )
        pair = sorted((int(self.halves[0][query]), int(shown)))
        return tuple(pair) in SITTINGS

    def same(self, query: int, found: int) -> bool:
        """Return whether two queries show one picture."""
        if query == found:
            return True
        if max(query, found) >= len(self.halves[0]):
            return False
        pair = sorted(int(self.halves[0][number]) for number in (query, found))
        return tuple(pair) in TWINS


def rendered(per_class: int, seed: int) -> np.ndarray:
    return np.stack([image.pixels for image in synthetic_images(per_class, SIDE, seed)])


def photographs(reference: Path) -> np.ndarray:
    with np.load(reference / "faces" / "btfer48_sample.npz") as arrays:
        images: np.ndarray = arrays["images"]
    return images
