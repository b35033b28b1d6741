"""Images fed in another range, colour or size than the protocol's (FER-P-07 to FER-P-09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.images.mistakes import (
    CAFFE_MEANS,
    CHANNELS,
    FED,
    OWN_WAY,
    RESCALED,
    TAKEN,
    TORCH_MEANS,
    WAYS,
    Places,
    Values,
)
from mutants.kinds import mistaken, right, wrong

Pixels = list[list[list[float]]]


def own_way(image: Pixels, architecture: str, weights: str) -> np.ndarray:
    """Return what each base was trained with, ``x / 255`` for a network without one."""
    return WAYS[OWN_WAY.get((architecture, weights), RESCALED)](np.array(image, float))


def fed(change: Callable[[np.ndarray, str, str], Any]) -> Callable[..., Any]:
    return lambda image, architecture, weights: change(np.array(image, float), architecture, weights).tolist()


def but_for(network: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Return each base's own way, except one that is fed otherwise."""

    def network_input(image: Pixels, architecture: str, weights: str) -> Pixels:
        if architecture == network:
            return change(np.array(image, float)).tolist()
        return own_way(image, architecture, weights).tolist()

    return network_input


# ---- sizes


def by_opencv(method: str) -> Callable[..., Pixels]:
    def resize(image: Pixels, height: int, width: int) -> Pixels:
        import cv2

        return cv2.resize(np.array(image, np.uint8), (width, height), interpolation=getattr(cv2, method)).tolist()

    return resize


def by_pillow(method: str) -> Callable[..., Pixels]:
    def resize(image: Pixels, height: int, width: int) -> Pixels:
        from PIL import Image

        pixels = Image.fromarray(np.array(image, np.uint8))
        return np.asarray(pixels.resize((width, height), Image.Resampling[method])).tolist()

    return resize


def by_place(taken: Places) -> Callable[..., Pixels]:
    """Whole pixels, from the place that a function of (pixels, from, to) says."""

    def resize(image: Pixels, height: int, width: int) -> Pixels:
        pixels = np.array(image)
        places = (
            taken(np.arange(after), before, after) for before, after in zip(pixels.shape, (height, width), strict=False)
        )
        return pixels[np.ix_(*(place.astype(int) for place in places))].tolist()

    return resize


def middle(pixels: np.ndarray, before: int, after: int) -> np.ndarray:
    return (2 * pixels + 1) * before // (2 * after)


def sides_exchanged(image: Pixels, height: int, width: int) -> Pixels:
    return by_place(middle)(image, width, height)


def averaged_where_both_shrink(image: Pixels, height: int, width: int) -> Pixels:
    method = "INTER_AREA" if height < len(image) and width < len(image[0]) else "INTER_NEAREST_EXACT"
    return by_opencv(method)(image, height, width)


def cut_to_a_square(image: Pixels, height: int, width: int) -> Pixels:
    side = min(len(image), len(image[0]))
    cut = [row[:side] for row in image[:side]] if height != len(image) and width != len(image[0]) else image
    return by_place(middle)(cut, height, width)


def cut_out_or_padded(image: Pixels, height: int, width: int) -> Pixels:
    """The aspect is kept: the shorter side decides, and the rest is black."""
    pixels = np.array(image)
    scale = min(height / pixels.shape[0], width / pixels.shape[1])
    inner = [max(round(side * scale), 1) for side in pixels.shape[:2]]
    kept = np.array(by_place(middle)(image, *inner))
    canvas = np.zeros((height, width, 3), int)
    canvas[: inner[0], : inner[1]] = kept
    return canvas.tolist()


# ---- channels


def channels(made: dict[int, Values] | None = None) -> Callable[..., Any]:
    """Return right channels, except of images with the numbers of channels that are named."""
    right_ones: dict[int, Values] = {1: lambda pixels: np.repeat(pixels, 3, -1)}

    def three_channels(image: Pixels) -> Any:
        pixels = np.array(image, float)
        return (right_ones | (made or {})).get(pixels.shape[2], lambda pixels: pixels[..., :3])(pixels).tolist()

    return three_channels


MUTANTS = (
    # FER-P-07
    wrong("FER-P-07", "each base's preprocess_input where x / 255 is fed", network_input=fed(own_way)),
    *mistaken(
        "FER-P-07",
        "network_input",
        {f"fed {name}": fed(lambda pixels, *_, way=way: way(pixels)) for name, way in FED.items() if name != RESCALED},
    ),
    wrong(
        "FER-P-07",
        "x / 255 except for VGGFace",
        network_input=fed(
            lambda pixels, architecture, weights: (
                own_way(pixels, architecture, weights) if weights == "vggface" else pixels / 255
            )
        ),
    ),
    wrong(
        "FER-P-07",
        "0..255 for EfficientNetV2B0, which rescales inside",
        network_input=fed(lambda pixels, name, _: pixels if name == "EfficientNetV2B0" else pixels / 255),
    ),
    wrong(
        "FER-P-07",
        "x / 255 where each base has its own preprocess_input",
        profile="paper",
        network_input=fed(lambda pixels, *_: pixels / 255),
    ),
    *(
        wrong(
            "FER-P-07",
            f"images of {least} pixels and more as they are",
            network_input=fed(lambda pixels, *_, least=least: pixels if len(pixels) >= least else pixels / 255),
        )
        for least in (48, 64)
    ),
    *(
        wrong("FER-P-07", name, profile="paper", network_input=but_for(network, change))
        for name, network, change in (
            ("Caffe's means without turning to blue, green, red", "VGG19", lambda pixels: pixels - CAFFE_MEANS[::-1]),
            (
                "Caffe's means of red, green, blue in that order, on BGR",
                "VGG19",
                lambda p: p[..., ::-1] - CAFFE_MEANS[::-1],
            ),
            ("ResNet50 in -1..1, as its second version", "ResNet50", lambda pixels: pixels / 127.5 - 1),
            ("DenseNet121 without the deviations", "DenseNet121", lambda pixels: pixels / 255 - TORCH_MEANS),
            ("EfficientNetV2B0 rescaled twice", "EfficientNetV2B0", lambda pixels: pixels / 255),
            ("VGG16 from VGGFace with the means of ImageNet", "VGG16", lambda pixels: pixels[..., ::-1] - CAFFE_MEANS),
            ("MobileNet in 0..1", "MobileNet", lambda pixels: pixels / 255),
        )
    ),
    wrong(
        "FER-P-07",
        "the means of the first VGGFace for ResNet50 too",
        profile="paper",
        network_input=fed(
            lambda pixels, architecture, weights: own_way(
                pixels, "VGG16" if weights == "vggface" else architecture, weights
            )
        ),
    ),
    right(
        "FER-P-07",
        "x / 255 in single precision",
        network_input=lambda image, architecture, weights: (np.float32(image) / np.float32(255)).tolist(),
    ),
    right(
        "FER-P-07",
        "preprocess_input in single precision",
        profile="paper",
        network_input=fed(lambda *asked: np.float32(own_way(*asked))),
    ),
    right(
        "FER-P-07",
        "an implementation with two networks, asked about no other",
        architectures=lambda: ["VGG16", "ResNet18"],
        network_input=lambda image, architecture, weights: (
            (np.array(image) / 255).tolist() if architecture in ("VGG16", "ResNet18") else None
        ),
    ),
    # FER-P-08
    *mistaken("FER-P-08", "resize", {cause: by_place(taken) for cause, taken in TAKEN.items()}),
    wrong("FER-P-08", "OpenCV's INTER_NEAREST, without half a pixel", resize=by_opencv("INTER_NEAREST")),
    *(
        wrong("FER-P-08", name, resize=resize)
        for name, resize in {
            "bilinear": by_opencv("INTER_LINEAR"),
            "areas averaged": by_opencv("INTER_AREA"),
            "bicubic": by_opencv("INTER_CUBIC"),
            "Pillow's bilinear, smoothed": by_pillow("BILINEAR"),
            "Pillow's Lanczos": by_pillow("LANCZOS"),
            "Pillow's box": by_pillow("BOX"),
            "the aspect kept, black beside it": cut_out_or_padded,
            "height and width exchanged": sides_exchanged,
            "areas averaged where both sides shrink": averaged_where_both_shrink,
            "cut to a square where both sides change": cut_to_a_square,
        }.items()
    ),
    right("FER-P-08", "Pillow's nearest", resize=by_pillow("NEAREST")),
    right("FER-P-08", "whole numbers: (2 i + 1) before // (2 after)", resize=by_place(middle)),
    right(
        "FER-P-08",
        "halves between two pixels rounded down",
        resize=by_place(lambda pixels, before, after: np.ceil((pixels + 0.5) * before / after - 1e-9) - 1),
    ),
    # FER-P-09
    *(
        mutant
        for count, mistakes in CHANNELS.items()
        for mutant in mistaken(
            "FER-P-09", "three_channels", {cause: channels({count: made}) for cause, made in mistakes.items()}
        )
    ),
    wrong("FER-P-09", "one channel stays one", three_channels=channels({1: lambda pixels: pixels})),
    wrong("FER-P-09", "four channels stay four", three_channels=channels({4: lambda pixels: pixels})),
    right("FER-P-09", "channels as floats", three_channels=channels()),
)
