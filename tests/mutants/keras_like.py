"""Keras' augmentation written anew, each step of which can be got wrong: parameters, pixels, and the stream of batches.

Pixels are SciPy's ``affine_transform``, as in Keras; all is made of lists, as an implementation in any language has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

Changes = dict[str, Any]


# ---- parameters


def drawn(**replaced: Callable[[np.random.Generator, int, int, int], Any]) -> Callable[..., list[Changes]]:
    """Right parameters but for those replaced, by functions of (generator, count, height, width)."""

    def parameters(count: int, height: int, width: int, seed: int) -> list[Changes]:
        draw = np.random.default_rng(seed)
        quantities = {
            "rotation": draw.uniform(-20, 20, count),
            "height_shift": draw.uniform(-0.2, 0.2, count) * height,
            "width_shift": draw.uniform(-0.2, 0.2, count) * width,
            "zoom": draw.uniform(0.8, 1.2, (count, 2)),
            "flip": draw.random(count) < 0.5,
        }
        quantities |= {name: np.asarray(made(draw, count, height, width)) for name, made in replaced.items()}
        columns = [values.tolist() for values in quantities.values()]
        return [dict(zip(quantities, values, strict=True)) for values in zip(*columns, strict=True)]

    return parameters


def one_for_both_shifts(count: int, height: int, width: int, seed: int) -> list[Changes]:
    return [
        change | {"width_shift": change["height_shift"] / height * width}
        for change in drawn()(count, height, width, seed)
    ]


# ---- pixels


def turned(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


def shifted(columns: float, rows: float) -> np.ndarray:
    return np.array([[1, 0, columns], [0, 1, rows], [0, 0, 1.0]])


def zoomed(columns: float, rows: float) -> np.ndarray:
    return np.diag([columns, rows, 1.0])


def turn_shift_zoom(change: Changes) -> list[np.ndarray]:
    shift = shifted(change["height_shift"], change["width_shift"])
    return [turned(change["rotation"]) @ shift @ zoomed(*change["zoom"])]


def keras_centre(height: int, width: int) -> tuple[float, float]:
    return height / 2 - 0.5, width / 2 - 0.5


def augmenting(
    matrices: Callable[[Changes], list[np.ndarray]] = turn_shift_zoom,
    centre: Callable[[int, int], tuple[float, float]] = keras_centre,
    order: int = 1,
    mode: str = "nearest",
    fill: float = 0.0,
    flip_first: bool = False,
    flip_axis: int = 1,
    before: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels,
    after: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels,
    rescale: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels / 255,
    understood: Callable[[Changes], Changes] = lambda change: change,
) -> Callable[..., Any]:
    """Right pixels but for what is replaced; several ``matrices`` are applied one after the other."""

    def augment(image: list, parameters: Changes) -> list:
        change = understood(parameters)
        pixels = before(np.array(image, float))
        if change["flip"] and flip_first:
            pixels = np.flip(pixels, flip_axis)
        for matrix in matrices(change):
            about = shifted(*centre(*pixels.shape[:2]))
            whole = about @ matrix @ np.linalg.inv(about)
            # SciPy counts rows first.
            linear, offset = whole[1::-1, 1::-1], whole[1::-1, 2]
            channels = [
                ndimage.affine_transform(pixels[..., channel], linear, offset, order=order, mode=mode, cval=fill)
                for channel in range(3)
            ]
            pixels = np.stack(channels, axis=-1)
        if change["flip"] and not flip_first:
            pixels = np.flip(pixels, flip_axis)
        return rescale(after(pixels)).tolist()

    return augment


def with_changed(**changed: Callable[[Changes], Any]) -> Callable[[Changes], Changes]:
    """Parameters of which some are understood in another way."""
    return lambda change: change | {name: understood(change) for name, understood in changed.items()}


# ---- the stream


def streaming(
    number: Callable[[int, int, int], int] = lambda epoch, step, batches: epoch * batches + step,
    vertical: bool = True,
    order_first: bool = True,
    shuffled: bool = True,
    sorted_batches: bool = False,
    by_quantity: bool = False,
    state_of: Callable[[int], Any] = np.random.RandomState,
    indices_of: Callable[[np.ndarray], Any] = np.ndarray.tolist,
) -> Callable[..., list[dict[str, Any]]]:
    """Right batches but for what is replaced."""

    def stream(count: int, batch_size: int, height: int, width: int, seed: int, epochs: int) -> list[dict[str, Any]]:
        batches, made = -(-count // batch_size), []
        for epoch in range(epochs):
            for step in range(batches):
                state = state_of(seed + number(epoch, step, batches))
                size = min(batch_size, count - step * batch_size)
                if step == 0 and order_first:
                    order = state.permutation(count)
                uniform = state.random_sample((7, size)).T if by_quantity else state.random_sample((size, 6 + vertical))
                if step == 0 and not order_first:
                    order = state.permutation(count)
                indices = (order if shuffled else np.arange(count))[step * batch_size :][:size]
                if sorted_batches:
                    # Draws fall to the images by their place in the file.
                    uniform = uniform[np.argsort(np.argsort(indices))]
                made.append(
                    {"indices": indices_of(indices), "parameters": [of_uniform(row, height, width) for row in uniform]}
                )
        return made

    return stream


def of_uniform(row: np.ndarray, height: int, width: int) -> Changes:
    return {
        "rotation": float(-20 + 40 * row[0]),
        "height_shift": float((-0.2 + 0.4 * row[1]) * height),
        "width_shift": float((-0.2 + 0.4 * row[2]) * width),
        "zoom": (0.8 + 0.4 * row[3:5]).tolist(),
        "flip": bool(row[5] < 0.5),
    }


class Modern:
    """NumPy's newer generator, under the names of the older one."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)

    def permutation(self, count: int) -> np.ndarray:
        return self._draw.permutation(count)

    def random_sample(self, shape: tuple[int, int]) -> np.ndarray:
        return self._draw.random(shape)
