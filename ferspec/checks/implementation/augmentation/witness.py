"""Augment like Keras' ``ImageDataGenerator``, with NumPy and SciPy and replaceable steps.

An independent witness of what is drawn, of the pixels and of the batches: its figures are those of the paper (4.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

DEGREES, SHIFT, ZOOM, FLIPPED, DIVISOR = 20.0, 0.2, 0.2, 0.5, 255.0

Change = dict[str, Any]
"""What is changed of one image, as requests and answers hold it."""
UNCHANGED: Change = {"rotation": 0.0, "height_shift": 0.0, "width_shift": 0.0, "zoom": [1.0, 1.0], "flip": False}


def change(**changed: Any) -> Change:
    """Return a change of the named quantities only; ``shift`` and ``zoom`` may be one number."""
    both = changed.pop("shift", None)
    if both is not None:
        changed |= {"height_shift": both, "width_shift": both}
    if isinstance(changed.get("zoom"), float):
        changed["zoom"] = [changed["zoom"]] * 2
    return UNCHANGED | changed


def described(change: Change) -> str:
    """Return the description of a change in messages."""
    return ", ".join(f"{name} {value}" for name, value in change.items() if value != UNCHANGED[name]) or "no change"


# Pixels


def turn(degrees: float) -> np.ndarray:
    """Return the matrix (3, 3) that rotates (column, row, 1)."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def move(columns: float, rows: float) -> np.ndarray:
    """Return the matrix (3, 3) that adds to (column, row, 1)."""
    return np.array([[1, 0, columns], [0, 1, rows], [0, 0, 1.0]])


def steps(change: Change) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rotation, shift and zoom: the height shift and the first factor act on columns (FER-A-08)."""
    return (
        turn(change["rotation"]),
        move(change["height_shift"], change["width_shift"]),
        np.diag([*change["zoom"], 1.0]),
    )


def one_map(change: Change) -> list[np.ndarray]:
    """Return the one matrix of FER-A-06."""
    rotation, shift, zoom = steps(change)
    return [rotation @ shift @ zoom]


def keras_centre(height: int, width: int) -> tuple[float, float]:
    """Return column and row of the centre, which Keras does not swap (FER-A-08)."""
    return height / 2 - 0.5, width / 2 - 0.5


def as_it_is(value: Any) -> Any:
    """Return the value unchanged."""
    return value


@dataclass(frozen=True)
class Warp:
    """Change an image (h, w, 3), without rounding or rescaling.

    Each field is a step of Keras' algorithm; several ``maps`` are applied one after the other.
    """

    understood: Callable[[Change], Change] = as_it_is
    maps: Callable[[Change], list[np.ndarray]] = one_map
    centre: Callable[[int, int], tuple[float, float]] = keras_centre
    read_at: Callable[[np.ndarray], np.ndarray] = as_it_is
    order: int = 1
    fill: str = "nearest"
    fill_value: float = 0.0
    flip_first: bool = False
    flip_axis: int = 1
    before: Callable[[np.ndarray], np.ndarray] = as_it_is
    after: Callable[[np.ndarray], np.ndarray] = as_it_is

    def __call__(self, image: Any, parameters: Change) -> np.ndarray:
        change = self.understood(parameters)
        pixels = self.before(np.asarray(image, float))
        if change["flip"] and self.flip_first:
            pixels = np.flip(pixels, self.flip_axis)
        for places in self.places(change, *pixels.shape[:2]):
            pixels = self._read(pixels, places)
        if change["flip"] and not self.flip_first:
            pixels = np.flip(pixels, self.flip_axis)
        return self.after(pixels)

    def places(self, change: Change, height: int, width: int) -> list[np.ndarray]:
        """Return the column and row from which each map reads each pixel (h, w, 2).

        The flip is not included.
        """
        rows, columns = np.mgrid[:height, :width]
        pixels = np.stack([columns, rows, np.ones_like(rows)], axis=-1)
        centre = move(*self.centre(height, width))
        maps = [centre @ matrix @ np.linalg.inv(centre) for matrix in self.maps(change)]
        return [self.read_at((pixels @ matrix.T)[..., :2]) for matrix in maps]

    def _read(self, pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
        from scipy import ndimage

        where: Any = places[..., ::-1].transpose(2, 0, 1)
        how: dict[str, Any] = {"order": self.order, "mode": self.fill, "cval": self.fill_value}
        return np.stack([ndimage.map_coordinates(channel, where, **how) for channel in np.moveaxis(pixels, 2, 0)], -1)


KERAS = Warp()


def together(warps: Sequence[Warp]) -> Warp | None:
    """Return a warp with the other steps of several; None if two of them replace one step.

    Several understandings of the parameters follow each other.
    """
    steps: dict[str, Any] = {}
    for warp in warps:
        own = {field.name: value for field in fields(Warp) if (value := getattr(warp, field.name)) != field.default}
        if first := steps.pop("understood", None):
            own["understood"] = _in_turn(first, own.get("understood", as_it_is))
        if not steps.keys().isdisjoint(own):
            return None
        steps |= own
    return Warp(**steps)


def _in_turn(first: Callable[[Change], Change], second: Callable[[Change], Change]) -> Callable[[Change], Change]:
    return lambda change: second(first(change))


# Batches


def batches_of(count: int, batch_size: int) -> int:
    """Return the batches of an epoch, a partial one counted."""
    return -(-count // batch_size)


def numbered(epoch: int, step: int, count: int, batch_size: int) -> int:
    """Return the number of a batch, which is added to the seed (FER-A-13)."""
    return epoch * batches_of(count, batch_size) + step


def image_by_image(state: Any, images: int) -> Any:
    """Return (images, 7) random numbers: one is drawn for the vertical flip too (FER-A-10)."""
    return state.random_sample((images, 7))


@dataclass(frozen=True)
class Stream:
    """The capability ``augmentation_stream``; each field is a step of Keras' algorithm."""

    number: Callable[[int, int, int, int], int] = numbered
    draws: Callable[[Any, int], Any] = image_by_image
    state: Callable[[int], Any] = np.random.RandomState
    order_first: bool = True

    def __call__(
        self, count: int, batch_size: int, height: int, width: int, seed: int, epochs: int
    ) -> list[dict[str, Any]]:
        batches = []
        order = np.arange(count)
        for epoch in range(epochs):
            for step in range(batches_of(count, batch_size)):
                state = self.state(seed + self.number(epoch, step, count, batch_size))
                if step == 0 and self.order_first:
                    order = state.permutation(count)
                uniform = self.draws(state, min(batch_size, count - step * batch_size))
                if step == 0 and not self.order_first:
                    order = state.permutation(count)
                indices = order[step * batch_size :][:batch_size].tolist()
                changes = [change_from(row, height, width) for row in uniform.tolist()]
                batches.append({"indices": indices, "parameters": changes})
        return batches


def change_from(uniform: list[float], height: int, width: int) -> Change:
    """Return the change from six or more random numbers in 0..1 (FER-A-02 to FER-A-05)."""
    rotation, height_shift, width_shift, first, second, flip = uniform[:6]
    return {
        "rotation": (2 * rotation - 1) * DEGREES,
        "height_shift": (2 * height_shift - 1) * SHIFT * height,
        "width_shift": (2 * width_shift - 1) * SHIFT * width,
        "zoom": [1 + (2 * first - 1) * ZOOM, 1 + (2 * second - 1) * ZOOM],
        "flip": flip < FLIPPED,
    }
