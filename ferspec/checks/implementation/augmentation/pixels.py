"""FER-A-01 and FER-A-05 to FER-A-09: the pixels of an image after a given change.

Expected pixels are worked out by hand, or with SciPy's interpolation at the places where one matrix says to read. All
but FER-A-01 measure first how black and white come back, so that an image in another range fails that clause alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferspec.checks.implementation.answers.judge import close, judge_each, numbers
from ferspec.checks.implementation.answers.pixels import PixelNames
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.augmentation.mistakes import OPENCV_4, PIXELS, RESCALED
from ferspec.checks.implementation.augmentation.witness import DIVISOR, KERAS, UNCHANGED, Change, change, described
from ferspec.checks.implementation.networks.inputs import every_level, noise, resolutions, sides_of
from ferspec.checks.implementation.networks.known import require, starts
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# the error of float32, in grey levels and in pixels of position
TOLERANCE, PLACE_TOLERANCE = 0.01, 0.01
BRIGHTEST = 255
SQUARE = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
# All of two rows and four columns: a centre at column (2 - 1) / 2 keeps the left half, not the middle.
WIDE = ((0, 40, 80, 120), (0, 40, 80, 120))

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ByHand:
    """Grey levels computed by hand, typed row by row."""

    change: Change
    expected: Rows
    image: Rows = SQUARE


BY_HAND = {
    "FER-A-05": {"an image of 3×3": ByHand(change(flip=True), ((3, 2, 1), (6, 5, 4), (9, 8, 7)))},
    "FER-A-06": {
        "a quarter turn is anticlockwise": ByHand(change(rotation=90.0), ((3, 6, 9), (2, 5, 8), (1, 4, 7))),
        "the shift is turned with the image": ByHand(
            change(rotation=90.0, height_shift=1.0), ((6, 9, 9), (5, 8, 8), (4, 7, 7))
        ),
        "the shift is not zoomed": ByHand(
            change(height_shift=1.0, zoom=[0.5, 1.0]), ((2.5, 3, 3), (5.5, 6, 6), (8.5, 9, 9))
        ),
    },
    "FER-A-07": {
        "half a pixel is halfway between two, and not rounded": ByHand(
            change(height_shift=0.5), ((1.5, 2.5, 3), (4.5, 5.5, 6), (7.5, 8.5, 9))
        ),
        "the last column is repeated": ByHand(change(height_shift=2.0), ((3, 3, 3), (6, 6, 6), (9, 9, 9))),
        "the first row is repeated": ByHand(change(width_shift=-2.0), ((1, 2, 3), (1, 2, 3), (1, 2, 3))),
    },
    "FER-A-08": {
        "the height shift reads further right": ByHand(change(height_shift=1.0), ((2, 3, 3), (5, 6, 6), (8, 9, 9))),
        "the width shift reads further down": ByHand(change(width_shift=1.0), ((4, 5, 6), (7, 8, 9), (7, 8, 9))),
        "the first zoom factor acts on columns": ByHand(
            change(zoom=[0.5, 1.0]), ((1.5, 2, 2.5), (4.5, 5, 5.5), (7.5, 8, 8.5))
        ),
        "the second zoom factor acts on rows": ByHand(
            change(zoom=[1.0, 0.5]), ((2.5, 3.5, 4.5), (4, 5, 6), (5.5, 6.5, 7.5))
        ),
        "the centre is not that of a wide image": ByHand(
            change(zoom=[0.5, 1.0]), ((10, 30, 50, 70), (10, 30, 50, 70)), WIDE
        ),
    },
    "FER-A-09": {
        "the flip mirrors what was shifted": ByHand(
            change(height_shift=1.0, flip=True), ((3, 3, 2), (6, 6, 5), (9, 9, 8))
        ),
    },
}

# Changes, and the height and width of the image. As large as the images of the grid too: what is done with large ones
# may differ from what is done with small ones.
SMALL, LARGE = min(resolutions()), max(resolutions())
MAPPED = {
    "a rotation": (change(rotation=12.0), 16, 16),
    "a shift": (change(shift=1.75), 16, 16),
    "a zoom": (change(zoom=0.85), 16, 16),
    "rotation, shift and zoom": (change(rotation=-17.0, shift=2.25, zoom=0.85), 16, 16),
    "two zoom factors": (change(rotation=20.0, shift=-1.5, zoom=[0.8, 1.2]), 15, 15),
    f"an image of {SMALL}×{SMALL}": (change(rotation=11.0, shift=3.75, zoom=0.9), SMALL, SMALL),
    f"an image of {LARGE}×{LARGE}": (change(rotation=-9.0, shift=20.25, zoom=0.95), LARGE, LARGE),
}
SWAPPED = {
    "height shift": (change(height_shift=2.0), 12, 12),
    "width shift": (change(width_shift=-1.5), 12, 12),
    "first zoom factor": (change(zoom=[0.8, 1.0]), 12, 12),
    "second zoom factor": (change(zoom=[1.0, 1.2]), 12, 12),
    "several changes": (change(rotation=15.0, height_shift=1.0, zoom=[0.9, 1.1]), 12, 12),
    "first zoom factor, 9×14": (change(zoom=[0.8, 1.0]), 9, 14),
    "rotation, 14×9": (change(rotation=10.0), 14, 9),
    "several changes, 9×14": (change(rotation=-8.0, height_shift=1.0, width_shift=-0.5, zoom=[0.9, 0.8]), 9, 14),
    f"several changes, {SMALL}×{SMALL}": (
        change(rotation=7.0, height_shift=4.0, width_shift=-2.5, zoom=[0.9, 0.8]),
        SMALL,
        SMALL,
    ),
    f"several changes, {LARGE}×{LARGE}": (
        change(rotation=-6.0, height_shift=-17.0, width_shift=8.5, zoom=[0.95, 0.85]),
        LARGE,
        LARGE,
    ),
}
INTERPOLATED = {
    "a rotation, 9×9": (change(rotation=19.0, shift=1.4, zoom=1.2), 9, 9),
    "a shift, 9×9": (change(shift=-2.6, zoom=0.9), 9, 9),
    f"an image of {SMALL}×{SMALL}": (change(rotation=-14.0, shift=6.3, zoom=1.1), SMALL, SMALL),
    f"an image of {LARGE}×{LARGE}": (change(rotation=16.0, shift=-30.7, zoom=1.15), LARGE, LARGE),
}
FLIPPED_LAST = change(rotation=13.0, height_shift=1.5, width_shift=-0.75, zoom=[0.9, 1.15])


# Ask for pixels


@dataclass(frozen=True)
class Levels:
    """Ask for augmented images, and convert them to grey levels from the subject's range."""

    subject: ImplementationSubject
    black: float
    white: float

    def __call__(self, image: np.ndarray, parameters: Change) -> np.ndarray:
        changed = _augmented(self.subject, image, parameters)
        return np.asarray((changed - self.black) * BRIGHTEST / (self.white - self.black))


def levels_of(subject: ImplementationSubject) -> Levels:
    """Measure the outputs for black and white."""
    flat = np.ones((4, 4, 3), int)
    black, white = (float(_augmented(subject, flat * grey, UNCHANGED).mean()) for grey in (0, BRIGHTEST))
    if black == white:
        raise SubjectError("augment gave the same for a black image and a white one")
    return Levels(subject, black, white)


def _augmented(subject: ImplementationSubject, image: np.ndarray, parameters: Change) -> np.ndarray:
    return numbers("augment", subject.ask("augment", image=image.tolist(), parameters=parameters), image.shape)


def _same_pixels(
    clause: str, observed: np.ndarray, expected: np.ndarray, image: np.ndarray, parameters: Change
) -> CheckResult:
    """Compare grey levels, and name the pixel that is farthest off."""
    names = PixelNames(image.shape, f"{described(parameters)} of {image.shape[0]}×{image.shape[1]}")
    is_wrong = bool(np.abs(observed - expected).max() > TOLERANCE)
    likely = _likely(clause, observed, image, parameters, TOLERANCE) if is_wrong else None
    return close(observed, expected, TOLERANCE, names, likely)


def _likely(clause: str, observed: np.ndarray, image: np.ndarray, parameters: Change, tolerance: float) -> str | None:
    for name, warp in PIXELS[clause].items():
        if resembled(observed, {name: warp(image, parameters)}, tolerance):
            return name
    return None


# The checks.


def rescaled_in_training(subject: ImplementationSubject, side: int | None) -> CheckResult:
    """Every pixel is divided by 255, after all other changes (paper 4.2)."""
    image = every_level() if side is None else noise(side, side)
    return _rescaled(_augmented(subject, image, UNCHANGED), image)


def rescaled_in_evaluation(subject: ImplementationSubject, architecture: str, sizes: Sequence[int]) -> CheckResult:
    """Every pixel is divided by 255 in evaluation too, for every network (paper 4.2)."""
    require(subject, architecture)

    def judged(image: np.ndarray) -> CheckResult:
        answer = subject.ask("network_input", image=image.tolist(), architecture=architecture, weights="scratch")
        return _rescaled(numbers("network_input", answer, image.shape), image)

    return judge_each(judged, (every_level(), *(noise(side, side) for side in sizes)))


def _rescaled(observed: np.ndarray, image: np.ndarray) -> CheckResult:
    mistakes = {name: rescale(image.astype(float)) for name, rescale in RESCALED.items()}
    likely = resembled(observed, mistakes, TOLERANCE / DIVISOR)
    names = PixelNames(image.shape, f"{image.shape[0]}×{image.shape[1]}")
    return close(observed, image / DIVISOR, TOLERANCE / DIVISOR, names, likely)


def mirrored(subject: ImplementationSubject, height: int, width: int) -> CheckResult:
    """An image is flipped horizontally; there is no vertical flip (paper 4.2)."""
    image, parameters = noise(height, width), change(flip=True)
    return _same_pixels("FER-A-05", levels_of(subject)(image, parameters), image[:, ::-1], image, parameters)


def worked_out_by_hand(subject: ImplementationSubject, clause: str, case: ByHand) -> CheckResult:
    """A small image gives the pixels that were computed by hand."""
    image, expected = (np.repeat(np.array(rows)[..., np.newaxis], 3, -1) for rows in (case.image, case.expected))
    return _same_pixels(clause, levels_of(subject)(image, case.change), expected, image, case.change)


def read_where_the_map_says(
    subject: ImplementationSubject, clause: str, parameters: Change, height: int, width: int
) -> CheckResult:
    """A pixel is read where one matrix says: rotation, then shift, then zoom, about Keras' centre.

    The red of the image tells the column, its green the row. Only pixels that are to be read inside it count: neither
    how its edge is continued plays a part there, nor, on an image as even as this, how it is interpolated.
    """
    rows, columns = np.mgrid[:height, :width]
    step = BRIGHTEST // (max(height, width) - 1)
    chart = np.stack([columns, rows, np.zeros_like(rows)], axis=-1) * step
    (expected,) = KERAS.places(parameters, height, width)
    inside = np.logical_and(expected >= 0, expected <= (width - 1, height - 1)).all(axis=-1)
    levels = levels_of(subject)(chart, parameters)
    observed = levels[..., :2] / step
    distances = np.where(inside, np.abs(observed - expected).max(axis=-1), 0.0)
    row, column = np.unravel_index(distances.argmax(), distances.shape)
    farthest = float(distances.max())
    holds = farthest <= PLACE_TOLERANCE
    what = f"{described(parameters)} of {height}×{width}: row {row}, column {column} is read at row"
    rounded = OPENCV_4 if farthest <= 1 / 32 else None
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what} {observed[row, column, 1]:.3f}, column {observed[row, column, 0]:.3f}",
        expected=f"{what} {expected[row, column, 1]:.3f}, column {expected[row, column, 0]:.3f}",
        difference=None if holds else farthest,
        likely=None if holds else _likely(clause, levels, chart, parameters, PLACE_TOLERANCE * step) or rounded,
    )


def read_once(subject: ImplementationSubject) -> CheckResult:
    """An image is interpolated once: pixels that the one map reads exactly at a pixel come out as they are.

    Of 16 columns the middle is 7.5, so that column 5 is read at 7.5 + 0.5 - 0.8 * 2.5 = 6. Any interpolation gives
    the pixel there; two in sequence blur it.
    """
    image, parameters = noise(16, 16), change(shift=0.5, zoom=0.8)
    observed = levels_of(subject)(image, parameters)
    expected = observed.copy()
    expected[np.ix_([0, 5, 10, 15], [0, 5, 10, 15])] = image[np.ix_([2, 6, 10, 14], [2, 6, 10, 14])]
    return _same_pixels("FER-A-06", observed, expected, image, parameters)


def a_quarter_of_a_pixel(subject: ImplementationSubject) -> CheckResult:
    """A shift by a quarter of a pixel interpolates a dot: 3/4 and 1/4."""
    dot, quarter = np.zeros((9, 9, 3), int), np.zeros((9, 9, 3))
    dot[4, 4] = 201
    quarter[3:5, 3:5] = 201 * np.outer([0.25, 0.75], [0.25, 0.75])[..., np.newaxis]
    parameters = change(shift=0.25)
    return _same_pixels("FER-A-07", levels_of(subject)(dot, parameters), quarter, dot, parameters)


def bilinear_with_the_edge_repeated(
    subject: ImplementationSubject, parameters: Change, height: int, width: int
) -> CheckResult:
    """Pixels are interpolated bilinearly and not rounded; what lies outside is the nearest pixel of the edge."""
    image = noise(height, width, seed=3)
    return _same_pixels("FER-A-07", levels_of(subject)(image, parameters), KERAS(image, parameters), image, parameters)


def flipped_after_the_map(subject: ImplementationSubject, height: int, width: int) -> CheckResult:
    """The mirrored image is the mirror image of the one that is not: the flip comes after the affine map.

    Whether an image is rescaled before or after cannot be seen from pixels that are not rounded (FER-A-07).
    """
    image, levels, parameters = noise(height, width, seed=2), levels_of(subject), FLIPPED_LAST | {"flip": True}
    plain = levels(image, FLIPPED_LAST)
    return _same_pixels("FER-A-09", levels(image, parameters), plain[:, ::-1], image, parameters)


def _in_evaluation() -> dict[str, tuple[str, tuple[int, ...]]]:
    sides = sides_of(start for start in starts() if start[1] == "scratch")
    return {f"in evaluation, {network}": (network, own) for (network, _), own in sides.items()}


def _sizes(*others: tuple[int, int]) -> dict[str, tuple[int, int]]:
    return {
        f"an image of {height}×{width}": (height, width) for height, width in (*others, (SMALL, SMALL), (LARGE, LARGE))
    }


def _by_hand(clause: str) -> tuple[Check, ...]:
    cases = {name: (clause, case) for name, case in BY_HAND[clause].items()}
    return checks_by_case(clause, worked_out_by_hand, cases, AUGMENT)


def _read(clause: str, cases: Mapping[str, tuple[Change, int, int]]) -> tuple[Check, ...]:
    given = {name: (clause, *case) for name, case in cases.items()}
    return checks_by_case(clause, read_where_the_map_says, given, AUGMENT)


AUGMENT = ("augment",)
IN_TRAINING = {
    "in training, every grey level": (None,),
    **{f"in training, {side}×{side}": (side,) for side in (SMALL, LARGE)},
}
PIXEL_CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-A-01", rescaled_in_training, IN_TRAINING, AUGMENT),
    *checks_by_case("FER-A-01", rescaled_in_evaluation, _in_evaluation(), ("network_input",)),
    *_by_hand("FER-A-05"),
    *checks_by_case("FER-A-05", mirrored, _sizes((5, 8)), AUGMENT),
    *_by_hand("FER-A-06"),
    *_read("FER-A-06", MAPPED),
    Check("FER-A-06", read_once, AUGMENT, "interpolated once"),
    *_by_hand("FER-A-07"),
    Check("FER-A-07", a_quarter_of_a_pixel, AUGMENT, "a quarter of a pixel"),
    *checks_by_case("FER-A-07", bilinear_with_the_edge_repeated, INTERPOLATED, AUGMENT),
    *_by_hand("FER-A-08"),
    *_read("FER-A-08", SWAPPED),
    *_by_hand("FER-A-09"),
    *checks_by_case("FER-A-09", flipped_after_the_map, _sizes((12, 12), (9, 14)), AUGMENT),
)
