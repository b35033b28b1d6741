"""Augmentation of the wrong images, different ranges per network, and values that are not rescaled (FER-A)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.augmentation.checks import CLAUSES, RANGES
from ferspec.checks.implementation.augmentation.mistakes import RESCALED
from mutants.augmentation.pixels import augmenting
from mutants.kinds import mistaken, right, wrong


def fed(image: list) -> np.ndarray:
    return np.array(image, float)


def feeding(rescale: Callable[[np.ndarray], np.ndarray]) -> Callable[..., list]:
    return lambda image, architecture, weights: rescale(fed(image)).tolist()


def at_once(image: list, architecture: str, weights: str) -> list:
    return (fed(image) / 255).tolist()


def but_where(is_raw: Callable[[list, str, str], bool]) -> Callable[..., list]:
    """Return everything rescaled except what is left as it is."""
    return lambda image, architecture, weights: (
        image if is_raw(image, architecture, weights) else at_once(image, architecture, weights)
    )


def ranges_of(network: str | None = None, **ranges: Any) -> Any:
    """Ranges that are changed for a network, or for all."""
    return lambda architecture: RANGES | (ranges if network in (None, architecture) else {})


MUTANTS = (
    # FER-A-01
    *mistaken("FER-A-01", "augment", {cause: augmenting(rescale=rescale) for cause, rescale in RESCALED.items()}),
    *(
        wrong("FER-A-01", f"{cause}, in evaluation", cause=cause, network_input=feeding(rescale))
        for cause, rescale in RESCALED.items()
    ),
    wrong("FER-A-01", "multiplied by 0.0039", augment=augmenting(rescale=lambda pixels: pixels * 0.0039)),
    wrong(
        "FER-A-01",
        "each image stretched from its darkest to its brightest pixel",
        network_input=feeding(lambda pixels: (pixels - 60) / 135),
    ),
    wrong(
        "FER-A-01",
        "images of -1..1 for the last networks alone",
        network_input=lambda image, architecture, weights: (
            fed(image) / 127.5 - 1 if architecture in ("SMMB", "Modular") else fed(image) / 255
        ).tolist(),
    ),
    wrong(
        "FER-A-01",
        "without a base rescaled, or not, as the profile paper has it with one",
        profile="paper",
        network_input=feeding(lambda pixels: pixels[..., ::-1] - (104, 117, 124)),
    ),
    *(
        wrong(
            "FER-A-01",
            f"VGG16 from scratch not rescaled, in the profile {profile}",
            profile=profile,
            network_input=but_where(lambda image, *start: start == ("VGG16", "scratch")),
        )
        for profile in ("released", "paper")
    ),
    *(
        wrong(
            "FER-A-01",
            f"images of {least} pixels and more not rescaled in evaluation",
            network_input=but_where(lambda image, *_, least=least: len(image) >= least),
        )
        for least in (48, 64)
    ),
    right(
        "FER-A-01",
        "rescaled in single precision, by a product",
        network_input=lambda image, architecture, weights: (np.float32(image) * np.float32(1 / 255)).tolist(),
        augment=augmenting(rescale=lambda pixels: np.float32(pixels) * np.float32(1 / 255)),
    ),
    # FER-A-11
    *(
        wrong("FER-A-11", name, augmented_splits=lambda parts=parts: parts)
        for name, parts in {
            "validation augmented too": ["training", "validation"],
            "BTFER augmented, for an average over several views": ["training", "BTFER"],
            "everything augmented": ["training", "validation", "BTFER"],
            "nothing augmented": [],
        }.items()
    ),
    # FER-A-12
    *(
        wrong(CLAUSES[name], f"another {name} for all networks", augmentation_ranges=ranges_of(**{name: value}))
        for name, value in (
            ("rotation_degrees", 25.0),
            ("width_shift", 0.1),
            ("height_shift", 0.1),
            ("zoom", 0.1),
            ("flip_probability", 0.0),
        )
    ),
    wrong("FER-A-05", "every network sheared too", augmentation_ranges=ranges_of(shear=0.2)),
    right(
        "FER-A-12",
        "a wider rotation for all networks, which is another clause",
        augmentation_ranges=ranges_of(rotation_degrees=25.0),
    ),
    *(
        wrong("FER-A-12", name, augmentation_ranges=ranges)
        for name, ranges in {
            "stronger rotation for VGG16": ranges_of("VGG16", rotation_degrees=30.0),
            "no augmentation for the smallest network": ranges_of("LeNet5", **dict.fromkeys(RANGES, 0.0)),
            "no flip for the last network": ranges_of("MediaPipeVGGNet", flip_probability=0.0),
            "a zoom of its own for SMMB": ranges_of("SMMB", zoom=0.1),
            "shifts of 0.1 for Xception": ranges_of("Xception", width_shift=0.1, height_shift=0.1),
        }.items()
    ),
    *(
        wrong("FER-A-12", name, augmentation_ranges=ranges_of("ResNet18", **more))
        for name, more in {
            "one network sheared too": {"shear": 0.2},
            "one network mirrored top to bottom too": {"vertical_flip_probability": 0.5},
            "one network made brighter and darker too": {"brightness_range": [0.8, 1.2]},
        }.items()
    ),
    right(
        "FER-A-12",
        "more is answered than was asked",
        augmentation_ranges=lambda architecture: {"shear": 0, **RANGES, "rotation_degrees": 20},
    ),
    right(
        "FER-A-12",
        "what is not drawn is answered too",
        augmentation_ranges=lambda architecture: (
            RANGES
            | {"vertical_flip": False, "brightness_range": [1.0, 1.0], "channel_shift": None, "fill_mode": "nearest"}
        ),
    ),
)
