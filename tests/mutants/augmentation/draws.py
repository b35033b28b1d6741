"""Changes drawn from another range or distribution, or not each for itself (FER-A-02 to FER-A-05)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mutants.keras_like import Changes, drawn
from mutants.kinds import right, wrong


def with_a_random_state(count: int, height: int, width: int, seed: int) -> list[Changes]:
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


def in_single_precision(count: int, height: int, width: int, seed: int) -> list[Changes]:
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


def printed_with_four_decimals(count: int, height: int, width: int, seed: int) -> list[Changes]:
    """As R's jsonlite prints numbers unless told otherwise."""
    return [
        {
            name: [round(each, 4) for each in value] if name == "zoom" else round(value, 4)
            for name, value in change.items()
        }
        for change in drawn()(count, height, width, seed)
    ]


def each(tied: Callable[[Changes], Changes]) -> Callable[..., list[Changes]]:
    """Right draws, what is drawn for each image then changed."""
    return lambda **asked: [tied(change) for change in drawn()(**asked)]


def in_half_precision(count: int, height: int, width: int, seed: int) -> list[Changes]:
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


def rounded_to_half_precision(change: Changes) -> Changes:
    return {name: np.float16(value).tolist() if name != "flip" else value for name, value in change.items()}


def in_steps(**steps: float) -> Callable[[Changes], Changes]:
    return lambda change: (
        change | {name: (np.rint(np.array(change[name]) / step) * step).tolist() for name, step in steps.items()}
    )


MUTANTS = (
    # FER-A-02 to FER-A-05
    *(
        right(clause, name, augmentation_parameters=parameters)
        for name, parameters in {
            "rounded to half precision": each(rounded_to_half_precision),
            "drawn and worked out in half precision": in_half_precision,
        }.items()
        for clause in ("FER-A-02", "FER-A-03", "FER-A-04", "FER-A-05")
    ),
    wrong(
        "FER-A-02",
        "angles sorted",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: np.sort(draw.uniform(-20, 20, count))),
    ),
    # FER-A-02
    *(
        wrong("FER-A-02", f"angles of ±{reach} degrees", augmentation_parameters=drawn(rotation=drawing))
        for reach, drawing in {
            15: lambda draw, count, *_: draw.uniform(-15, 15, count),
            18: lambda draw, count, *_: draw.uniform(-18, 18, count),
            19.5: lambda draw, count, *_: draw.uniform(-19.5, 19.5, count),
            21: lambda draw, count, *_: draw.uniform(-21, 21, count),
            10: lambda draw, count, *_: draw.uniform(-10, 10, count),
            40: lambda draw, count, *_: draw.uniform(-40, 40, count),
        }.items()
    ),
    wrong(
        "FER-A-02",
        "angles in radians",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: np.deg2rad(draw.uniform(-20, 20, count))),
    ),
    wrong(
        "FER-A-02",
        "whole degrees",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: draw.integers(-20, 21, count)),
    ),
    wrong("FER-A-02", "tenths of a degree", augmentation_parameters=each(in_steps(rotation=0.1))),
    wrong(
        "FER-A-02",
        "normally distributed angles",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: draw.normal(0, 10, count).clip(-20, 20)),
    ),
    wrong(
        "FER-A-02",
        "angles of a triangular distribution",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: draw.triangular(-20, 0, 20, count)),
    ),
    wrong(
        "FER-A-02",
        "turned one way only",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: draw.uniform(0, 20, count)),
    ),
    wrong(
        "FER-A-02",
        "either end of the range",
        augmentation_parameters=drawn(rotation=lambda draw, count, *_: draw.choice([-20.0, 20.0], count)),
    ),
    wrong(
        "FER-A-02",
        "every other image is not turned",
        augmentation_parameters=drawn(
            rotation=lambda draw, count, *_: draw.uniform(-20, 20, count) * (draw.random(count) < 0.5)
        ),
    ),
    wrong(
        "FER-A-02",
        "one angle for all images of a batch",
        augmentation_parameters=drawn(
            rotation=lambda draw, count, *_: np.repeat(draw.uniform(-20, 20, -(-count // 32)), 32)[:count]
        ),
    ),
    right("FER-A-02", "drawn by another generator, image by image", augmentation_parameters=with_a_random_state),
    right("FER-A-02", "angles in single precision", augmentation_parameters=in_single_precision),
    right("FER-A-02", "angles printed with four decimals", augmentation_parameters=printed_with_four_decimals),
    # FER-A-03
    wrong(
        "FER-A-03",
        "shares of the size, not pixels",
        augmentation_parameters=drawn(height_shift=lambda draw, count, *_: draw.uniform(-0.2, 0.2, count)),
    ),
    wrong(
        "FER-A-03",
        "height shift as a share of the width",
        augmentation_parameters=drawn(
            height_shift=lambda draw, count, height, width: draw.uniform(-0.2, 0.2, count) * width
        ),
    ),
    wrong(
        "FER-A-03",
        "width shift as a share of the height",
        augmentation_parameters=drawn(
            width_shift=lambda draw, count, height, width: draw.uniform(-0.2, 0.2, count) * height
        ),
    ),
    wrong(
        "FER-A-03",
        "whole pixels",
        augmentation_parameters=drawn(
            width_shift=lambda draw, count, height, width: np.rint(draw.uniform(-0.2, 0.2, count) * width)
        ),
    ),
    wrong("FER-A-03", "tenths of a pixel", augmentation_parameters=each(in_steps(height_shift=0.1, width_shift=0.1))),
    wrong(
        "FER-A-03",
        "shifted by up to 0.15",
        augmentation_parameters=drawn(
            width_shift=lambda draw, count, height, width: draw.uniform(-0.15, 0.15, count) * width
        ),
    ),
    wrong(
        "FER-A-03",
        "shifted by up to 0.1 to either side, 0.2 in all",
        augmentation_parameters=drawn(
            height_shift=lambda draw, count, height, width: draw.uniform(-0.1, 0.1, count) * height
        ),
    ),
    wrong(
        "FER-A-03",
        "shifted to one side only",
        augmentation_parameters=drawn(
            width_shift=lambda draw, count, height, width: draw.uniform(0, 0.2, count) * width
        ),
    ),
    wrong(
        "FER-A-03",
        "normally distributed shifts",
        augmentation_parameters=drawn(
            height_shift=lambda draw, count, height, width: draw.normal(0, 0.08, count).clip(-0.2, 0.2) * height
        ),
    ),
    right("FER-A-03", "drawn by another generator, image by image", augmentation_parameters=with_a_random_state),
    right("FER-A-03", "shifts printed with four decimals", augmentation_parameters=printed_with_four_decimals),
    # FER-A-04
    wrong(
        "FER-A-04",
        "zoom tied on both axes",
        augmentation_parameters=drawn(zoom=lambda draw, count, *_: np.repeat(draw.uniform(0.8, 1.2, (count, 1)), 2, 1)),
    ),
    wrong(
        "FER-A-04",
        "the second factor undoes the first",
        augmentation_parameters=drawn(
            zoom=lambda draw, count, *_: 1 + np.outer(draw.uniform(-0.2, 0.2, count), [1, -1])
        ),
    ),
    wrong(
        "FER-A-04",
        "only enlarged",
        augmentation_parameters=drawn(zoom=lambda draw, count, *_: draw.uniform(0.8, 1, (count, 2))),
    ),
    wrong(
        "FER-A-04",
        "zoomed by up to 0.25",
        augmentation_parameters=drawn(zoom=lambda draw, count, *_: draw.uniform(0.75, 1.25, (count, 2))),
    ),
    wrong(
        "FER-A-04",
        "evenly distributed enlargements, of which the factors are the inverse",
        augmentation_parameters=drawn(zoom=lambda draw, count, *_: 1 / draw.uniform(0.8, 1.2, (count, 2))),
    ),
    wrong(
        "FER-A-04",
        "the change of size, not the factor",
        augmentation_parameters=drawn(zoom=lambda draw, count, *_: draw.uniform(-0.2, 0.2, (count, 2))),
    ),
    wrong(
        "FER-A-04",
        "only the width is zoomed",
        augmentation_parameters=drawn(
            zoom=lambda draw, count, *_: np.column_stack([draw.uniform(0.8, 1.2, count), np.ones(count)])
        ),
    ),
    wrong(
        "FER-A-04",
        "factors in steps of a tenth",
        augmentation_parameters=drawn(zoom=lambda draw, count, *_: draw.uniform(0.8, 1.2, (count, 2)).round(1)),
    ),
    wrong("FER-A-04", "factors in steps of a hundredth", augmentation_parameters=each(in_steps(zoom=0.01))),
    right("FER-A-04", "factors in single precision", augmentation_parameters=in_single_precision),
    right("FER-A-04", "factors printed with four decimals", augmentation_parameters=printed_with_four_decimals),
    # FER-A-05
    *(
        wrong("FER-A-05", name, augmentation_parameters=drawn(flip=drawing))
        for name, drawing in {
            "three of ten images are mirrored": lambda draw, count, *_: draw.random(count) < 0.3,
            "six of ten images are mirrored": lambda draw, count, *_: draw.random(count) < 0.6,
            "no image is mirrored": lambda draw, count, *_: np.zeros(count, bool),
            "every image is mirrored": lambda draw, count, *_: np.ones(count, bool),
            "two draws decide, both must agree": lambda draw, count, *_: (
                (draw.random(count) < 0.5) & (draw.random(count) < 0.5)
            ),
            "every other image is mirrored, in turn": lambda draw, count, *_: np.arange(count) % 2 == 0,
            "the first half is mirrored": lambda draw, count, *_: np.arange(count) < count / 2,
            "one flip for a batch of 8": lambda draw, count, *_: np.repeat(draw.random(count // 8) < 0.5, 8),
            "one flip for a batch of 32": lambda draw, count, *_: np.repeat(draw.random(count // 32) < 0.5, 32),
        }.items()
    ),
    *(
        wrong("FER-A-05", name, augmentation_parameters=each(lambda change, more=more: change | more))
        for name, more in {
            "mirrored top to bottom too": {"vertical_flip": True},
            "mirrored top to bottom too, true as 1": {"flip_vertical": 1},
            "sheared too": {"shear": 10.0},
            "made brighter too": {"brightness": 1.5},
            "the channels shifted too": {"channel_shift": [0.0, 0.0, 3.5]},
        }.items()
    ),
    right("FER-A-05", "flips as 0 and 1", augmentation_parameters=with_a_random_state),
    right(
        "FER-A-05",
        "more is told, all of which changes nothing",
        augmentation_parameters=each(
            lambda change: (
                change
                | {"flip_vertical": False, "shear": 0, "brightness": None, "contrast": 1.0, "fill_mode": "nearest"}
                | {"channel_shift": [0, 0, 0]}
            )
        ),
    ),
)
