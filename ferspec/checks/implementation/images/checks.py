"""FER-P-07 to FER-P-09: the preparation of images for evaluation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ferspec.checks.implementation.answers.judge import close, judge_each, numbers
from ferspec.checks.implementation.answers.pixels import PixelNames
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.images.mistakes import CHANNELS, FED, OWN_WAY, RESCALED, TAKEN, WAYS
from ferspec.checks.implementation.networks.inputs import every_level, noise, sides_of
from ferspec.checks.implementation.networks.known import require
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE = 1e-3
# blended values may be rounded
BLENDED = 1.0
BASES = {
    f"{architecture} from {weights}": (architecture, weights, sides)
    for (architecture, weights), sides in sides_of(OWN_WAY).items()
}
# sides before and after: those of the protocol's datasets and networks, and odd ones
RESIZED = ((256, 48), (100, 48), (48, 224), (100, 224), (512, 224), (256, 224), (5, 11), (7, 3), (48, 48))
STRIPS = {
    f"{before} to {after} {along}": (before, after, axis)
    for before, after in RESIZED
    for axis, along in enumerate(("rows", "columns"))
}
# height and width before and after: both sides at once
RESIZED_BOTH = ((256, 256, 48, 48), (100, 80, 48, 48), (30, 40, 61, 50))
BOTH_SIDES = {f"{sides[0]}×{sides[1]} to {sides[2]}×{sides[3]}": sides for sides in RESIZED_BOTH}
KINDS = {"a grey image": (1,), "an image in colour": (3,), "an image with alpha": (4,)}


def fed_as_the_profile_says(
    subject: ImplementationSubject, architecture: str, weights: str, sides: tuple[int, ...]
) -> CheckResult:
    """Images are rescaled to 0..1 for every base, as in nearly all runs; profile ``paper``: as Keras recommends."""
    require(subject, architecture)
    way = RESCALED if subject.profile == "released" else OWN_WAY[architecture, weights]

    def judged(image: np.ndarray) -> CheckResult:
        answer = subject.ask("network_input", image=image.tolist(), architecture=architecture, weights=weights)
        observed = numbers("network_input", answer, image.shape)
        fed = next((name for name, values in FED.items() if np.abs(values(image) - observed).max() <= TOLERANCE), None)
        names = PixelNames(image.shape, f"{image.shape[0]}×{image.shape[1]}, fed {way}")
        return close(observed, WAYS[way](image), TOLERANCE, names, fed and f"fed {fed}")

    return judge_each(judged, (every_level(), *(noise(side, side) for side in sides)))


def the_nearest_pixel_is_taken(subject: ImplementationSubject, before: int, after: int, axis: int) -> CheckResult:
    """A strip is resized along one axis to the nearest pixels, without smoothing."""
    pixels = np.arange(before)
    # Red and green encode the position of each pixel; blue differs much between neighbours.
    strip = np.stack([pixels % 256, pixels // 256 * 100, pixels * 37 % 256], axis=-1)
    height, width = (after, 3) if axis == 0 else (3, after)
    answer = subject.ask("resize", image=np.stack([strip] * 3, axis=1 - axis).tolist(), height=height, width=width)
    observed = numbers("resize", answer, (height, width, 3)).take(1, axis=1 - axis)
    nearest, decided = _nearest(before, after)
    names = [f"pixel {pixel}" for pixel in np.flatnonzero(decided) for _ in "rgb"]
    return close(observed[decided], strip[nearest][decided], TOLERANCE, names, _why_these(observed, strip, decided))


def both_sides_are_resized(
    subject: ImplementationSubject, height: int, width: int, to_height: int, to_width: int
) -> CheckResult:
    """Both sides of an image are resized to the nearest pixels, without cutting or padding.

    Red encodes the row, green the column, and blue differs between pixels.
    """
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows, columns, _blue(rows, columns)], axis=-1)
    answer = subject.ask("resize", image=image.tolist(), height=to_height, width=to_width)
    observed = numbers("resize", answer, (to_height, to_width, 3))
    (nearest_rows, rows_decided), (nearest_columns, columns_decided) = (
        _nearest(height, to_height),
        _nearest(width, to_width),
    )
    decided = np.ix_(rows_decided, columns_decided)
    expected, observed = image[np.ix_(nearest_rows, nearest_columns)][decided], observed[decided]
    places = [np.flatnonzero(rows_decided).tolist(), np.flatnonzero(columns_decided).tolist()]
    names = [f"row {row}, column {column}" for row in places[0] for column in places[1] for _ in "rgb"]
    is_smoothed = bool((observed != np.rint(observed)).any() or (_blue(*observed.T[:2]) != observed.T[2]).any())
    likely = "pixels are smoothed" if is_smoothed else "the image is cut or padded before, or its sides exchanged"
    return close(observed, expected, TOLERANCE, names, likely)


def three_equal_or_red_green_blue(subject: ImplementationSubject, channels: int) -> CheckResult:
    """Networks read three channels: equal for a grey image, else red, green and blue."""
    pixels = np.random.default_rng(4).integers(0, 256, (4, 5, 4))[..., :channels]
    expected = np.repeat(pixels, 3, axis=-1) if channels == 1 else pixels[..., :3]
    observed = numbers("three_channels", subject.ask("three_channels", image=pixels.tolist()), expected.shape)
    mistakes = {name: made(pixels) for name, made in CHANNELS[channels].items()}
    names = PixelNames(expected.shape, f"{channels} channels")
    return close(observed, expected, TOLERANCE, names, resembled(observed, mistakes, BLENDED))


def _blue(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.asarray((rows * 37 + columns * 91) % 256)


def _nearest(before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest source pixel for each pixel, and whether it is unique."""
    places = [Fraction(2 * pixel + 1) * before / (2 * after) for pixel in range(after)]
    # halfway between two pixels either is nearest: Pillow's choice depends on rounding
    decided = np.array([place.denominator != 1 for place in places])
    return np.array([min(int(place), before - 1) for place in places]), decided


def _why_these(observed: np.ndarray, strip: np.ndarray, decided: np.ndarray) -> str | None:
    before, after = len(strip), len(observed)
    if not (observed[:, np.newaxis] == strip).all(axis=-1).any(axis=1).all():
        return "pixels are smoothed"
    taken = {name: places(np.arange(after), before, after).astype(int) for name, places in TAKEN.items()}
    return resembled(observed[decided], {name: strip[pixels][decided] for name, pixels in taken.items()}, TOLERANCE)


CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-P-07", fed_as_the_profile_says, BASES, ("network_input",)),
    *checks_by_case("FER-P-08", the_nearest_pixel_is_taken, STRIPS, ("resize",)),
    *checks_by_case("FER-P-08", both_sides_are_resized, BOTH_SIDES, ("resize",)),
    *checks_by_case("FER-P-09", three_equal_or_red_green_blue, KINDS, ("three_channels",)),
)
