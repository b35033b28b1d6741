"""FER-P-07 to FER-P-09: how images are prepared that a network is evaluated on."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from ferspec.checks.implementation.answers.judge import close, judge_each, numbers
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.networks.inputs import images_for
from ferspec.checks.implementation.networks.known import starts_of
from ferspec.engine import Check
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE = 1e-3

# What bases were trained with, as the documentation of keras.applications and keras-vggface gives it.
CAFFE_MEANS = (103.939, 116.779, 123.68)
TORCH_MEANS, TORCH_DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
VGGFACE_1_MEANS, VGGFACE_2_MEANS = (93.5940, 104.7624, 129.1863), (91.4953, 103.8827, 131.0912)
WAYS = {
    "x / 255": lambda rgb: rgb / 255,
    "the values 0..255 as they are": lambda rgb: rgb * 1.0,
    "x / 127.5 - 1": lambda rgb: rgb / 127.5 - 1,
    "Caffe's: BGR less the means of ImageNet": lambda rgb: rgb[..., ::-1] - CAFFE_MEANS,
    "Torch's: x / 255, less mean, over deviation": lambda rgb: (rgb / 255 - TORCH_MEANS) / TORCH_DEVIATIONS,
    "VGGFace's: BGR less its means": lambda rgb: rgb[..., ::-1] - VGGFACE_1_MEANS,
    "VGGFace2's: BGR less its means": lambda rgb: rgb[..., ::-1] - VGGFACE_2_MEANS,
}
RESCALED, RAW, SIGNED, CAFFE, TORCH, VGGFACE_1, VGGFACE_2 = WAYS
OWN_WAY = {
    ("VGG16", "imagenet"): CAFFE,
    ("VGG16", "vggface"): VGGFACE_1,
    ("VGG19", "imagenet"): CAFFE,
    ("ResNet50", "imagenet"): CAFFE,
    ("ResNet50", "vggface"): VGGFACE_2,
    ("SENet50", "vggface"): VGGFACE_2,
    ("MobileNet", "imagenet"): SIGNED,
    ("MobileNetV2", "imagenet"): SIGNED,
    ("EfficientNetV2B0", "imagenet"): RAW,
    ("NASNetMobile", "imagenet"): SIGNED,
    ("DenseNet121", "imagenet"): TORCH,
    ("Xception", "imagenet"): SIGNED,
    ("InceptionV3", "imagenet"): SIGNED,
}
# Height and width from, height and width to: both sides at once.
RESIZED_BOTH = ((256, 256, 48, 48), (100, 80, 48, 48), (30, 40, 61, 50))
# Pixels from, pixels to: the sizes that the protocol's datasets and networks bring together, and uneven ones.
RESIZED = ((256, 48), (100, 48), (48, 224), (100, 224), (512, 224), (256, 224), (5, 11), (7, 3), (48, 48))


def fed_as_the_profile_says(subject: ImplementationSubject) -> CheckResult:
    """FER-P-07."""
    starts = [start for start in starts_of(subject) if start in OWN_WAY]
    if not starts:
        raise NotEvaluable("it has none of the bases that start from weights")
    return judge_each(lambda case: _fed(subject, *case), images_for(starts))


def _fed(subject: ImplementationSubject, image: np.ndarray, architecture: str, weights: str) -> CheckResult:
    way = RESCALED if subject.profile == "released" else OWN_WAY[architecture, weights]
    answer = subject.ask("network_input", image=image.tolist(), architecture=architecture, weights=weights)
    observed = numbers("network_input", answer, image.shape)
    fed = {name: function(image) for name, function in WAYS.items()}
    mistakes = fed | {f"{name}, but in the other colour order": values[..., ::-1] for name, values in fed.items()}
    taken = resembled(observed, mistakes, TOLERANCE)
    size = f"{image.shape[0]}×{image.shape[1]}"
    names = [f"{architecture} from {weights}, {size}, fed {way}: {at}" for at in np.ndindex(image.shape)]
    return close(observed, fed[way], TOLERANCE, names, taken and f"fed {taken}")


def the_nearest_pixel_is_taken(subject: ImplementationSubject) -> CheckResult:
    """FER-P-08."""
    strips = [partial(_resized, subject, *case, axis) for case in RESIZED for axis in (0, 1)]
    both = [partial(_resized_both, subject, *case) for case in RESIZED_BOTH]
    return judge_each(lambda resized: resized(), [*strips, *both])


def _resized(subject: ImplementationSubject, before: int, after: int, axis: int) -> CheckResult:
    """Judge a strip, three pixels wide, that is resized along one axis."""
    pixels = np.arange(before)
    # Red and green tell the place of each pixel; blue differs much from one to the next.
    strip = np.stack([pixels % 256, pixels // 256 * 100, pixels * 37 % 256], axis=-1)
    height, width = (after, 3) if axis == 0 else (3, after)
    answer = subject.ask("resize", image=np.stack([strip] * 3, axis=1 - axis).tolist(), height=height, width=width)
    observed = numbers("resize", answer, (height, width, 3)).take(1, axis=1 - axis)
    nearest, decided = _nearest(before, after)
    expected = strip[nearest][decided]
    what = f"{before} to {after} pixels along axis {axis}"
    names = [f"{what}: pixel {pixel}" for pixel in np.flatnonzero(decided) for _ in "rgb"]
    likely = _why_these_pixels(observed, strip, decided)
    return close(observed[decided], expected, TOLERANCE, names, likely)


def _nearest(before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pixel the one that it is taken from, and whether one alone is nearest."""
    places = [Fraction(2 * pixel + 1) * before / (2 * after) for pixel in range(after)]
    # Between two pixels either is nearest: what Pillow takes there depends on rounding.
    decided = np.array([place.denominator != 1 for place in places])
    return np.array([min(int(place), before - 1) for place in places]), decided


def _resized_both(
    subject: ImplementationSubject, height: int, width: int, to_height: int, to_width: int
) -> CheckResult:
    """Judge an image whose red tells the row, whose green the column, and whose blue differs from pixel to pixel."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows, columns, (rows * 37 + columns * 91) % 256], axis=-1)
    answer = subject.ask("resize", image=image.tolist(), height=to_height, width=to_width)
    observed = numbers("resize", answer, (to_height, to_width, 3))
    (of_rows, rows_decided), (of_columns, columns_decided) = _nearest(height, to_height), _nearest(width, to_width)
    decided = np.ix_(rows_decided, columns_decided)
    expected, observed = image[np.ix_(of_rows, of_columns)][decided], observed[decided]
    what = f"{height}×{width} to {to_height}×{to_width}"
    places = np.ix_(np.flatnonzero(rows_decided), np.flatnonzero(columns_decided))
    names = [
        f"{what}: row {row}, column {column}" for row in places[0].flat for column in places[1].flat for _ in "rgb"
    ]
    blue = (observed[..., 0] * 37 + observed[..., 1] * 91) % 256
    smoothed = (observed != np.rint(observed)).any() or (blue != observed[..., 2]).any()
    likely = "pixels are smoothed" if smoothed else "the image is cut or padded before, or its sides exchanged"
    return close(observed, expected, TOLERANCE, names, likely)


def _why_these_pixels(observed: np.ndarray, strip: np.ndarray, decided: np.ndarray) -> str | None:
    before, after = len(strip), len(observed)
    if not (observed[:, np.newaxis] == strip).all(axis=-1).any(axis=1).all():
        return "pixels are smoothed"
    mistakes = {
        "half a pixel is left out: pixel i is i * before // after, as OpenCV's INTER_NEAREST has it": (
            np.arange(after) * before // after
        ),
        "corners are aligned with corners": np.rint(np.linspace(0, before - 1, after)).astype(int),
    }
    return resembled(observed[decided], {name: strip[taken][decided] for name, taken in mistakes.items()}, TOLERANCE)


def three_equal_or_red_green_blue(subject: ImplementationSubject) -> CheckResult:
    """FER-P-09."""
    pixels = np.random.default_rng(4).integers(0, 256, (4, 5, 4))
    grey, colour = pixels[..., :1], pixels[..., :3]
    return judge_each(
        lambda case: _channels(subject, *case),
        [
            (grey, np.repeat(grey, 3, axis=-1), "a grey image"),
            (colour, colour, "an image in colour"),
            (pixels, colour, "an image with alpha"),
        ],
    )


def _channels(subject: ImplementationSubject, image: np.ndarray, expected: np.ndarray, what: str) -> CheckResult:
    observed = numbers("three_channels", subject.ask("three_channels", image=image.tolist()), expected.shape)
    mistakes = {
        "blue, green, red": expected[..., ::-1],
        "colour is made grey": np.repeat(expected.mean(axis=-1, keepdims=True), 3, axis=-1),
        "the first channel alone is filled": expected * (1, 0, 0),
        "values are rescaled here already": expected / 255,
    }
    if image.shape[2] == 4:
        opacity = image[..., 3:] / 255
        mistakes |= {
            "alpha is taken for a channel": image[..., 1:],
            "alpha is blended with black": expected * opacity,
            "alpha is blended with white": expected * opacity + 255 * (1 - opacity),
        }
    names = [f"{what}: row {row}, column {column}, channel {at}" for row, column, at in np.ndindex(expected.shape)]
    # Blending may have been rounded.
    return close(observed, expected, TOLERANCE, names, resembled(observed, mistakes, 1.0))


CHECKS = (
    Check("FER-P-07", fed_as_the_profile_says, needs=("network_input",)),
    Check("FER-P-08", the_nearest_pixel_is_taken, needs=("resize",)),
    Check("FER-P-09", three_equal_or_red_green_blue, needs=("three_channels",)),
)
