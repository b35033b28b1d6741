"""Draws from another range or distribution, or shared between images (FER-A-02 to FER-A-05)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.augmentation.mistakes import DRAWN, Drawn
from ferspec.checks.implementation.augmentation.witness import Change, change_from
from mutants.kinds import mistaken, right, wrong

Drawing = Callable[[np.random.Generator, int, int, int], Any]


def drawn(**replaced: Drawing) -> Callable[..., list[Change]]:
    """Return right parameters except those replaced, by functions of (generator, count, height, width)."""

    def parameters(count: int, height: int, width: int, seed: int) -> list[Change]:
        draw = np.random.default_rng(seed)
        right = [change_from(row, height, width) for row in draw.random((count, 6)).tolist()]
        made = {name: np.asarray(drawing(draw, count, height, width)).tolist() for name, drawing in replaced.items()}
        return [change | {name: values[at] for name, values in made.items()} for at, change in enumerate(right)]

    return parameters


def changed(mistake: Drawn) -> Callable[..., list[Change]]:
    return lambda count, height, width, seed: [
        mistake(change, height, width) for change in drawn()(count, height, width, seed)
    ]


def with_a_random_state(count: int, height: int, width: int, seed: int) -> list[Change]:
    """One image after the other, from Python's own generator; flips as 0 and 1."""
    import random

    draw = random.Random(seed)
    return [
        {
            "flip": int(draw.random() < 0.5),
            "zoom": (draw.uniform(0.8, 1.2), draw.uniform(0.8, 1.2)),
            "rotation": draw.uniform(-20, 20),
            "height_shift": draw.uniform(-0.2, 0.2) * height,
            "width_shift": draw.uniform(-0.2, 0.2) * width,
        }
        for _ in range(count)
    ]


def in_single_precision(count: int, height: int, width: int, seed: int) -> list[Change]:
    uniform = np.random.default_rng(seed).random((count, 6), np.float32)
    return [
        {
            "rotation": float(row[0] * np.float32(40) - np.float32(20)),
            "height_shift": float((row[1] * np.float32(0.4) - np.float32(0.2)) * height),
            "width_shift": float((row[2] * np.float32(0.4) - np.float32(0.2)) * width),
            "zoom": (row[3:5] * np.float32(0.4) + np.float32(0.8)).tolist(),
            "flip": bool(row[5] < 0.5),
        }
        for row in uniform
    ]


def printed_with_four_decimals(count: int, height: int, width: int, seed: int) -> list[Change]:
    """Print numbers as R's jsonlite does by default."""
    return [
        {
            name: [round(factor, 4) for factor in value] if name == "zoom" else round(value, 4)
            for name, value in change.items()
        }
        for change in drawn()(count, height, width, seed)
    ]


def drawn_then(tied: Callable[[Change], Change]) -> Callable[..., list[Change]]:
    """Right draws, what is drawn for each image then changed."""
    return lambda **asked: [tied(change) for change in drawn()(**asked)]


def in_half_precision(count: int, height: int, width: int, seed: int) -> list[Change]:
    """Uniform numbers of half precision, of which there are 2,048, and all that is made of them in half precision."""
    half, steps = np.float16, np.random.default_rng(seed).integers(0, 2048, (count, 6))
    shares = (steps / 2048).astype(half)
    reach = shares * half(0.4) - half(0.2)
    columns = {
        "rotation": shares[:, 0] * half(40) - half(20),
        "height_shift": reach[:, 1] * half(height),
        "width_shift": reach[:, 2] * half(width),
        "zoom": half(1) + reach[:, 3:5],
        "flip": shares[:, 5] < half(0.5),
    }
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*(c.tolist() for c in columns.values()), strict=True)
    ]


def rounded_to_half_precision(change: Change) -> Change:
    return {name: np.float16(value).tolist() if name != "flip" else value for name, value in change.items()}


def in_steps(**steps: float) -> Callable[[Change], Change]:
    return lambda change: (
        change | {name: (np.rint(np.array(change[name]) / step) * step).tolist() for name, step in steps.items()}
    )


def uniform(low: float, high: float, shape: tuple[int, ...] = ()) -> Drawing:
    return lambda draw, count, *_: draw.uniform(low, high, (count, *shape))


def of_height(low: float, high: float) -> Drawing:
    return lambda draw, count, height, width: draw.uniform(low, high, count) * height


def of_width(low: float, high: float) -> Drawing:
    return lambda draw, count, height, width: draw.uniform(low, high, count) * width


# by clause and name: which quantity is drawn otherwise, and how
OTHERWISE: dict[str, dict[str, tuple[str, Drawing]]] = {
    "FER-A-02": {
        "angles sorted": ("rotation", lambda draw, count, *_: np.sort(draw.uniform(-20, 20, count))),
        **{f"angles of ±{reach} degrees": ("rotation", uniform(-reach, reach)) for reach in (15, 18, 19.5, 21, 10, 40)},
        "whole degrees": ("rotation", lambda draw, count, *_: draw.integers(-20, 21, count)),
        "normally distributed angles": (
            "rotation",
            lambda draw, count, *_: draw.normal(0, 10, count).clip(-20, 20),
        ),
        "angles of a triangular distribution": (
            "rotation",
            lambda draw, count, *_: draw.triangular(-20, 0, 20, count),
        ),
        "turned one way only": ("rotation", uniform(0, 20)),
        "either end of the range": ("rotation", lambda draw, count, *_: draw.choice([-20.0, 20.0], count)),
        "every other image is not turned": (
            "rotation",
            lambda draw, count, *_: draw.uniform(-20, 20, count) * (draw.random(count) < 0.5),
        ),
        "one angle for all images of a batch": (
            "rotation",
            lambda draw, count, *_: np.repeat(draw.uniform(-20, 20, -(-count // 32)), 32)[:count],
        ),
    },
    "FER-A-03": {
        "shares of the size, not pixels": ("height_shift", uniform(-0.2, 0.2)),
        "height shift as a share of the width": ("height_shift", of_width(-0.2, 0.2)),
        "width shift as a share of the height": ("width_shift", of_height(-0.2, 0.2)),
        "whole pixels": ("width_shift", lambda *asked: np.rint(of_width(-0.2, 0.2)(*asked))),
        "shifted by up to 0.15": ("width_shift", of_width(-0.15, 0.15)),
        "shifted by up to 0.19": ("width_shift", of_width(-0.19, 0.19)),
        "shifted by up to 0.21": ("height_shift", of_height(-0.21, 0.21)),
        "shifted by up to 0.1 to either side, 0.2 in all": ("height_shift", of_height(-0.1, 0.1)),
        "shifted to one side only": ("width_shift", of_width(0, 0.2)),
        "normally distributed shifts": (
            "height_shift",
            lambda draw, count, height, width: draw.normal(0, 0.08, count).clip(-0.2, 0.2) * height,
        ),
    },
    "FER-A-04": {
        "zoom tied on both axes": (
            "zoom",
            lambda draw, count, *_: np.repeat(draw.uniform(0.8, 1.2, (count, 1)), 2, 1),
        ),
        "the second factor undoes the first": (
            "zoom",
            lambda draw, count, *_: 1 + np.outer(draw.uniform(-0.2, 0.2, count), [1, -1]),
        ),
        "only enlarged": ("zoom", uniform(0.8, 1, (2,))),
        "zoomed by up to 0.25": ("zoom", uniform(0.75, 1.25, (2,))),
        "zoomed by up to 0.19": ("zoom", uniform(0.81, 1.19, (2,))),
        "normally distributed factors": (
            "zoom",
            lambda draw, count, *_: draw.normal(1, 0.4 / 6, (count, 2)).clip(0.8, 1.2),
        ),
        "evenly distributed enlargements, of which the factors are the inverse": (
            "zoom",
            lambda draw, count, *_: 1 / draw.uniform(0.8, 1.2, (count, 2)),
        ),
        "only the width is zoomed": (
            "zoom",
            lambda draw, count, *_: np.column_stack([draw.uniform(0.8, 1.2, count), np.ones(count)]),
        ),
        "factors in steps of a tenth": ("zoom", lambda *asked: uniform(0.8, 1.2, (2,))(*asked).round(1)),
    },
    "FER-A-05": {
        "three of ten images are mirrored": ("flip", lambda draw, count, *_: draw.random(count) < 0.3),
        "six of ten images are mirrored": ("flip", lambda draw, count, *_: draw.random(count) < 0.6),
        "no image is mirrored": ("flip", lambda draw, count, *_: np.zeros(count, bool)),
        "every image is mirrored": ("flip", lambda draw, count, *_: np.ones(count, bool)),
        "two draws decide, both must agree": ("flip", lambda draw, count, *_: (draw.random((count, 2)) < 0.5).all(1)),
        "every other image is mirrored, in turn": ("flip", lambda draw, count, *_: np.arange(count) % 2 == 0),
        "the first half is mirrored": ("flip", lambda draw, count, *_: np.arange(count) < count / 2),
        **{
            f"one flip for a batch of {size}": (
                "flip",
                lambda draw, count, *_, size=size: np.repeat(draw.random(count // size) < 0.5, size),
            )
            for size in (8, 32)
        },
    },
}
MUTANTS = (
    *(
        mutant
        for clause, mistakes in DRAWN.items()
        for mutant in mistaken(
            clause, "augmentation_parameters", {cause: changed(mistake) for cause, mistake in mistakes.items()}
        )
    ),
    *(
        wrong(clause, name, augmentation_parameters=drawn(**{quantity: drawing}))
        for clause, named in OTHERWISE.items()
        for name, (quantity, drawing) in named.items()
    ),
    *(
        wrong(clause, name, augmentation_parameters=drawn_then(in_steps(**steps)))
        for clause, name, steps in (
            ("FER-A-02", "tenths of a degree", {"rotation": 0.1}),
            ("FER-A-03", "tenths of a pixel", {"height_shift": 0.1, "width_shift": 0.1}),
            ("FER-A-04", "factors in steps of a hundredth", {"zoom": 0.01}),
        )
    ),
    *(
        wrong("FER-A-05", name, augmentation_parameters=drawn_then(lambda change, more=more: change | more))
        for name, more in {
            "mirrored top to bottom too": {"vertical_flip": True},
            "mirrored top to bottom too, true as 1": {"flip_vertical": 1},
            "sheared too": {"shear": 10.0},
            "made brighter too": {"brightness": 1.5},
            "the channels shifted too": {"channel_shift": [0.0, 0.0, 3.5]},
        }.items()
    ),
    *(
        right(clause, name, augmentation_parameters=parameters)
        for name, parameters in {
            "rounded to half precision": drawn_then(rounded_to_half_precision),
            "drawn and worked out in half precision": in_half_precision,
        }.items()
        for clause in ("FER-A-02", "FER-A-03", "FER-A-04", "FER-A-05")
    ),
    right("FER-A-02", "drawn by another generator, image by image", augmentation_parameters=with_a_random_state),
    right("FER-A-02", "angles in single precision", augmentation_parameters=in_single_precision),
    right("FER-A-02", "angles printed with four decimals", augmentation_parameters=printed_with_four_decimals),
    right("FER-A-03", "drawn by another generator, image by image", augmentation_parameters=with_a_random_state),
    right("FER-A-03", "shifts printed with four decimals", augmentation_parameters=printed_with_four_decimals),
    right("FER-A-04", "factors in single precision", augmentation_parameters=in_single_precision),
    right("FER-A-04", "factors printed with four decimals", augmentation_parameters=printed_with_four_decimals),
    right("FER-A-05", "flips as 0 and 1", augmentation_parameters=with_a_random_state),
    right(
        "FER-A-05",
        "more is answered, which changes nothing",
        augmentation_parameters=drawn_then(
            lambda change: (
                change
                | {"flip_vertical": False, "shear": 0, "brightness": None, "contrast": 1.0, "fill_mode": "nearest"}
                | {"channel_shift": [0, 0, 0]}
            )
        ),
    ),
)
