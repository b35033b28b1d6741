"""Images fed in another range, colour or size than the protocol's (FER-P-07 to FER-P-09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mutants.kinds import right, wrong

Pixels = list[list[list[float]]]

CAFFE = np.array([103.939, 116.779, 123.68])
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
VGGFACE_1 = (93.5940, 104.7624, 129.1863)
VGGFACE_2 = (91.4953, 103.8827, 131.0912)


def own_way(image: Pixels, architecture: str, weights: str) -> np.ndarray:
    """What each base was trained with."""
    pixels = np.array(image, float)
    if weights == "vggface":
        return pixels[..., ::-1] - (VGGFACE_1 if architecture == "VGG16" else VGGFACE_2)
    if architecture in ("VGG16", "VGG19", "ResNet50"):
        return pixels[..., ::-1] - CAFFE
    if architecture == "DenseNet121":
        return (pixels / 255 - MEAN) / DEVIATION
    if architecture == "EfficientNetV2B0":
        return pixels
    return pixels / 127.5 - 1


def fed(change: Callable[[np.ndarray, str, str], Any]) -> Callable[..., Any]:
    return lambda image, architecture, weights: change(np.array(image, float), architecture, weights).tolist()


def but_for(network: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    """Each base its own way, but for one that is fed otherwise."""

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


def by_place(of: Callable[[np.ndarray, int, int], np.ndarray]) -> Callable[..., Pixels]:
    """Whole pixels, from the place that a function of (pixels, from, to) says."""

    def resize(image: Pixels, height: int, width: int) -> Pixels:
        pixels = np.array(image)
        places = (
            of(np.arange(after), before, after) for before, after in zip(pixels.shape, (height, width), strict=False)
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


def channels(
    gray: Callable[[np.ndarray], np.ndarray] = lambda pixels: np.repeat(pixels, 3, -1),
    colour: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels,
    alpha: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels[..., :3],
) -> Callable[..., Any]:
    def three_channels(image: Pixels) -> Any:
        pixels = np.array(image, float)
        return {1: gray, 3: colour, 4: alpha}[pixels.shape[2]](pixels).tolist()

    return three_channels


def mean_grey(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels[..., :3].mean(axis=-1, keepdims=True), 3, axis=-1)


def blended(pixels: np.ndarray, ground: float) -> np.ndarray:
    share = pixels[..., 3:] / 255
    return pixels[..., :3] * share + ground * (1 - share)


MUTANTS = (
    # FER-P-07
    wrong("FER-P-07", "each base's preprocess_input where x / 255 is fed", network_input=fed(own_way)),
    wrong("FER-P-07", "x / 127.5 - 1 for all", network_input=fed(lambda pixels, *_: pixels / 127.5 - 1)),
    wrong("FER-P-07", "grey levels as they are", network_input=fed(lambda pixels, *_: pixels)),
    wrong("FER-P-07", "x / 255, but blue, green, red", network_input=fed(lambda pixels, *_: pixels[..., ::-1] / 255)),
    wrong(
        "FER-P-07",
        "x / 255 but for VGGFace",
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
            ("Caffe's means without turning to blue, green, red", "VGG19", lambda pixels: pixels - CAFFE[::-1]),
            ("Caffe's means of red, green, blue in that order, on BGR", "VGG19", lambda p: p[..., ::-1] - CAFFE[::-1]),
            ("ResNet50 in -1..1, as its second version", "ResNet50", lambda pixels: pixels / 127.5 - 1),
            ("DenseNet121 without the deviations", "DenseNet121", lambda pixels: pixels / 255 - MEAN),
            ("EfficientNetV2B0 rescaled twice", "EfficientNetV2B0", lambda pixels: pixels / 255),
            ("VGG16 from VGGFace with the means of ImageNet", "VGG16", lambda pixels: pixels[..., ::-1] - CAFFE),
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
    *(
        wrong("FER-P-08", name, resize=resize)
        for name, resize in {
            "bilinear": by_opencv("INTER_LINEAR"),
            "areas averaged": by_opencv("INTER_AREA"),
            "bicubic": by_opencv("INTER_CUBIC"),
            "OpenCV's INTER_NEAREST, without half a pixel": by_opencv("INTER_NEAREST"),
            "Pillow's bilinear, smoothed": by_pillow("BILINEAR"),
            "Pillow's Lanczos": by_pillow("LANCZOS"),
            "Pillow's box": by_pillow("BOX"),
            "corners aligned with corners": by_place(
                lambda pixels, before, after: np.rint(pixels * (before - 1) / max(after - 1, 1))
            ),
            "places rounded, not cut off": by_place(
                lambda pixels, before, after: np.rint(pixels * before / after).clip(0, before - 1)
            ),
            "the pixel after the nearest": by_place(
                lambda pixels, before, after: (middle(pixels, before, after) + 1).clip(0, before - 1)
            ),
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
        wrong("FER-P-09", name, three_channels=three_channels)
        for name, three_channels in {
            "blue, green, red": channels(colour=lambda pixels: pixels[..., ::-1]),
            "blue, green, red where there is alpha": channels(alpha=lambda pixels: pixels[..., 2::-1]),
            "colour made grey": channels(colour=mean_grey),
            "one channel stays one": channels(gray=lambda pixels: pixels),
            "grey in the first channel alone": channels(gray=lambda pixels: pixels * (1, 0, 0)),
            "a third of the grey in each channel": channels(gray=lambda pixels: np.repeat(pixels / 3, 3, -1)),
            "alpha blended with white": channels(alpha=lambda pixels: blended(pixels, 255)),
            "alpha blended with black": channels(alpha=lambda pixels: blended(pixels, 0)),
            "alpha taken for red": channels(alpha=lambda pixels: pixels[..., [3, 0, 1]]),
            "four channels stay four": channels(alpha=lambda pixels: pixels),
            "images with alpha made grey": channels(alpha=mean_grey),
            "rescaled here already": channels(colour=lambda pixels: pixels / 255),
        }.items()
    ),
    right("FER-P-09", "channels as floats", three_channels=channels()),
)
