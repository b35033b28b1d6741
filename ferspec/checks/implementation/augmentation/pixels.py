"""FER-A-01 and FER-A-05 to FER-A-09: what given parameters make of the pixels of an image.

Expected pixels are worked out by hand, or with SciPy's interpolation at the places where one matrix says to read. All
but FER-A-01 measure first how black and white come back, so that an image in another range fails that clause alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, judge_each, numbers
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.augmentation.places import (
    MISPLACED,
    UNCHANGED,
    Changes,
    changes,
    interpolated,
    places,
)
from ferspec.checks.implementation.networks.inputs import every_level, images_for, noise, resolutions
from ferspec.checks.implementation.networks.known import starts_of
from ferspec.engine import Check
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# Grey levels, and pixels of place, that computing in float32 may cost.
TOLERANCE, PLACE_TOLERANCE = 0.01, 0.01
# As large as the images of the grid: what is done with large ones may differ from what is done with small ones.
SMALL, *_, LARGE = ((side, side) for side in resolutions())
# The brightest grey level of an image that shows where it is read.
BRIGHTEST = 255
OPENCV_4 = "places rounded to 1/32 of a pixel, as OpenCV before 5 does"


# How pixels are asked for.


@dataclass(frozen=True)
class Levels:
    """Asks for augmented images and gives them back in grey levels, whatever range the subject puts them in."""

    subject: ImplementationSubject
    black: float
    white: float

    def __call__(self, image: np.ndarray, parameters: Changes) -> np.ndarray:
        return (_augmented(self.subject, image, parameters) - self.black) * 255 / (self.white - self.black)


def levels_of(subject: ImplementationSubject) -> Levels:
    """Measure what black and white become."""
    flat = np.ones((4, 4, 3), int)
    black, white = (float(_augmented(subject, flat * grey, UNCHANGED).mean()) for grey in (0, 255))
    if black == white:
        raise SubjectError("augment gave the same for a black image and a white one")
    return Levels(subject, black, white)


def _augmented(subject: ImplementationSubject, image: np.ndarray, parameters: Changes) -> np.ndarray:
    return numbers("augment", subject.ask("augment", image=image.tolist(), parameters=parameters), image.shape)


def _read_there(levels: Levels, parameters: Changes, height: int, width: int) -> CheckResult:
    """Judge where pixels are read, by an image whose red tells the column and whose green the row.

    Only pixels that are to be read inside the image count: neither how its edge is continued plays a part there, nor,
    on an image as even as this, how it is interpolated.
    """
    rows, columns = np.mgrid[:height, :width]
    step = BRIGHTEST // (max(height, width) - 1)
    chart = np.stack([columns, rows, np.zeros_like(rows)], axis=-1) * step
    expected = places(parameters, height, width)
    inside = ((expected >= 0) & (expected <= (width - 1, height - 1))).all(axis=-1)
    observed = levels(chart, parameters)[..., :2] / step
    apart = np.where(inside, np.abs(observed - expected).max(axis=-1), 0.0)
    row, column = np.unravel_index(apart.argmax(), apart.shape)
    holds = bool(apart.max() <= PLACE_TOLERANCE)
    what = f"{_told(parameters)} of {height}×{width}: row {row}, column {column} is read at row"
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what} {observed[row, column, 1]:.3f}, column {observed[row, column, 0]:.3f}",
        expected=f"{what} {expected[row, column, 1]:.3f}, column {expected[row, column, 0]:.3f}",
        difference=None if holds else float(apart.max()),
        likely=None if holds else _why_there(observed, parameters, inside, float(apart.max())),
    )


def _why_there(observed: np.ndarray, parameters: Changes, inside: np.ndarray, apart: float) -> str | None:
    height, width = inside.shape
    mistakes = {name: read_at(parameters, height, width) for name, read_at in MISPLACED.items()}
    # Where a mistake reads outside the image, the chart cannot tell it.
    for name, read_at in mistakes.items():
        known = inside & ((read_at >= 0) & (read_at <= (width - 1, height - 1))).all(axis=-1)
        if known.any() and np.abs(read_at - observed)[known].max() <= PLACE_TOLERANCE:
            return name
    return OPENCV_4 if apart <= 1 / 32 else None


def _told(parameters: Changes) -> str:
    told = ", ".join(f"{name} {value}" for name, value in parameters.items() if value != UNCHANGED[name])
    return told or "nothing changed"


# The checks.


def rescaled(subject: ImplementationSubject, capability: str) -> CheckResult:
    """FER-A-01, in training (augment) and in evaluation (network_input)."""
    if capability == "augment":
        return judge_each(partial(_rescaled_in_training, subject), (every_level(), noise(*SMALL), noise(*LARGE)))
    return judge_each(lambda case: _rescaled_in_evaluation(subject, *case), images_for(_from_scratch(subject)))


def _rescaled_in_training(subject: ImplementationSubject, image: np.ndarray) -> CheckResult:
    return _rescaled(_augmented(subject, image, UNCHANGED), image, "in training")


def _rescaled_in_evaluation(
    subject: ImplementationSubject, image: np.ndarray, architecture: str, weights: str
) -> CheckResult:
    answer = subject.ask("network_input", image=image.tolist(), architecture=architecture, weights=weights)
    return _rescaled(numbers("network_input", answer, image.shape), image, f"{architecture} in evaluation")


def _rescaled(observed: np.ndarray, image: np.ndarray, what: str) -> CheckResult:
    divisor = spec.load().number("FER-A-01", "divisor")
    mistakes = {
        "pixels are not rescaled": image * 1.0,
        "divided by 256": image / 256,
        "rescaled to -1..1": image / 127.5 - 1,
        "rescaled twice": image / divisor**2,
    }
    likely = resembled(observed, mistakes, TOLERANCE / divisor)
    what = f"{what}, {image.shape[0]}×{image.shape[1]}"
    names = [f"{what}: row {row}, column {column}, channel {at}" for row, column, at in np.ndindex(image.shape)]
    return close(observed, image / divisor, TOLERANCE / divisor, names, likely)


def _from_scratch(subject: ImplementationSubject) -> list[tuple[str, str]]:
    starts = [start for start in starts_of(subject) if start[1] == "scratch"]
    if not starts:
        raise NotEvaluable("it has no network that starts from scratch, whose input no base decides")
    return starts


def mirrored_sides(subject: ImplementationSubject) -> CheckResult:
    """FER-A-05, what is mirrored."""
    return judge_each(partial(_mirrored, levels_of(subject)), ((5, 8), SMALL, LARGE))


def _mirrored(levels: Levels, size: tuple[int, int]) -> CheckResult:
    image = noise(*size)
    observed = levels(image, changes(flip=True))
    mistakes = {
        "mirrored top to bottom": image[::-1],
        "turned by 180 degrees": image[::-1, ::-1],
        "not mirrored": image,
    }
    what = f"an image of {size[0]}×{size[1]} mirrored left to right"
    return _same_pixels(observed, image[:, ::-1], what, lambda: mistakes)


def one_map_about_the_centre(subject: ImplementationSubject) -> CheckResult:
    """FER-A-06: where pixels are read, and that they are read once."""
    levels = levels_of(subject)
    cases = [
        (changes(rotation=12.0), 16),
        (changes(shift=1.75), 16),
        (changes(zoom=0.85), 16),
        (changes(rotation=-17.0, shift=2.25, zoom=0.85), 16),
        (changes(rotation=20.0, shift=-1.5, zoom=[0.8, 1.2]), 15),
        (changes(rotation=11.0, shift=3.75, zoom=0.9), SMALL[0]),
        (changes(rotation=-9.0, shift=20.25, zoom=0.95), LARGE[0]),
    ]
    read = [partial(_read_there, levels, parameters, side, side) for parameters, side in cases]
    return judge_each(lambda judged: judged(), [*read, partial(_read_once, levels)])


def _read_once(levels: Levels) -> CheckResult:
    """Judge pixels that the one map reads exactly at a pixel, but a shift or zoom alone between pixels.

    Of 16 columns the middle is 7.5, so that column 5 is read at 7.5 + 0.5 - 0.8 * 2.5 = 6. Any interpolation gives
    the pixel there; two in sequence blur it.
    """
    image, parameters = noise(16, 16), changes(shift=0.5, zoom=0.8)
    observed = levels(image, parameters)[np.ix_([0, 5, 10, 15], [0, 5, 10, 15])]
    expected = image[np.ix_([2, 6, 10, 14], [2, 6, 10, 14])]
    likely = "interpolated more than once: shift and zoom are mapped one after the other"
    return _same_pixels(observed, expected, "shift 0.5 and zoom 0.8, where they add up to whole pixels", dict, likely)


def bilinear_with_the_edge_repeated(subject: ImplementationSubject) -> CheckResult:
    """FER-A-07."""
    levels = levels_of(subject)
    dot = np.zeros((9, 9, 3), int)
    dot[4, 4] = 201
    quarter = np.zeros((9, 9, 3))
    # Read a quarter of a pixel further on: the dot gives 3/4 of itself to its own place and 1/4 to the one before.
    quarter[3:5, 3:5] = 201 * np.outer([0.25, 0.75], [0.25, 0.75])[..., np.newaxis]
    image = noise(9, 9, seed=1)
    further, back = np.minimum(np.arange(9) + 3, 8), np.maximum(np.arange(9) - 3, 0)
    by_hand = [
        (dot, changes(shift=0.25), quarter),
        (image, changes(shift=3.0), image[np.ix_(further, further)]),
        (image, changes(shift=-3.0), image[np.ix_(back, back)]),
    ]
    by_scipy = [
        (image, changes(rotation=19.0, shift=1.4, zoom=1.2)),
        (image, changes(shift=-2.6, zoom=0.9)),
        (noise(*SMALL, seed=3), changes(rotation=-14.0, shift=6.3, zoom=1.1)),
        (noise(*LARGE, seed=3), changes(rotation=16.0, shift=-30.7, zoom=1.15)),
    ]
    worked_out = [(*case, interpolated(case[0], places(case[1], *case[0].shape[:2]))) for case in by_scipy]
    return judge_each(lambda case: _interpolates(levels, *case), [*by_hand, *worked_out])


def _interpolates(levels: Levels, image: np.ndarray, parameters: Changes, expected: np.ndarray) -> CheckResult:
    read_at = places(parameters, *image.shape[:2])

    def mistakes() -> dict[str, np.ndarray]:
        read = partial(interpolated, image, read_at)
        return {
            "results are rounded to whole grey levels": np.rint(expected),
            "fractions of grey levels are cut off": np.floor(expected + TOLERANCE / 10),
            "the nearest pixel is taken": read(order=0),
            "interpolated with cubic splines": read(order=3),
            "what lies outside is black": read(mode="constant"),
            "what lies outside is black, up to the middle of the edge": read(mode="grid-constant"),
            "what lies outside is reflected, the edge twice": read(mode="reflect"),
            "what lies outside is mirrored at the edge": read(mode="mirror"),
            "the image is repeated outside": read(mode="grid-wrap"),
        }

    what = f"{_told(parameters)} of {image.shape[0]}×{image.shape[1]}"
    return _same_pixels(levels(image, parameters), expected, what, mistakes)


def axes_are_swapped(subject: ImplementationSubject) -> CheckResult:
    """FER-A-08."""
    levels = levels_of(subject)
    cases = [
        (changes(height_shift=2.0), 12, 12),
        (changes(width_shift=-1.5), 12, 12),
        (changes(zoom=[0.8, 1.0]), 12, 12),
        (changes(zoom=[1.0, 1.2]), 12, 12),
        (changes(rotation=15.0, height_shift=1.0, zoom=[0.9, 1.1]), 12, 12),
        (changes(zoom=[0.8, 1.0]), 9, 14),
        (changes(rotation=10.0), 14, 9),
        (changes(rotation=-8.0, height_shift=1.0, width_shift=-0.5, zoom=[0.9, 0.8]), 9, 14),
        (changes(rotation=7.0, height_shift=4.0, width_shift=-2.5, zoom=[0.9, 0.8]), *SMALL),
        (changes(rotation=-6.0, height_shift=-17.0, width_shift=8.5, zoom=[0.95, 0.85]), *LARGE),
    ]
    return judge_each(lambda case: _read_there(levels, *case), cases)


def flipped_after_the_map(subject: ImplementationSubject) -> CheckResult:
    """FER-A-09: the mirrored image is the mirror image of the one that is not.

    Whether an image is rescaled before or after cannot be told from pixels that are not rounded (FER-A-07).
    """
    return judge_each(partial(_flipped_last, levels_of(subject)), ((12, 12), (9, 14), SMALL, LARGE))


def _flipped_last(levels: Levels, size: tuple[int, int]) -> CheckResult:
    parameters = changes(rotation=13.0, height_shift=1.5, width_shift=-0.75, zoom=[0.9, 1.15])
    image = noise(*size, seed=2)
    plain = levels(image, parameters)

    def mistakes() -> dict[str, np.ndarray]:
        return {
            "the flip comes before the affine map": interpolated(image[:, ::-1], places(parameters, *size)),
            "the flip is left out": plain,
            "mirrored top to bottom": plain[::-1],
        }

    what = f"{_told(parameters)} of {size[0]}×{size[1]}, mirrored"
    return _same_pixels(levels(image, parameters | {"flip": True}), plain[:, ::-1], what, mistakes)


def _same_pixels(
    observed: np.ndarray,
    expected: np.ndarray,
    what: str,
    mistakes: Callable[[], Mapping[str, np.ndarray]],
    likely: str | None = None,
) -> CheckResult:
    """Compare grey levels, and name the pixel that is farthest off; ``mistakes`` gives what they may be instead."""
    names = [f"{what}: row {row}, column {column}" for row, column, _ in np.ndindex(expected.shape)]
    apart = np.abs(observed - expected).max()
    if likely is None and apart > TOLERANCE:
        likely = resembled(observed, mistakes(), TOLERANCE)
    return close(observed, expected, TOLERANCE, names, likely)


RESCALED_IN = ("augment", "network_input")
PIXEL_CHECKS = (
    *(
        Check("FER-A-01", rescaled, needs=(capability,), case=capability, given=(capability,))
        for capability in RESCALED_IN
    ),
    Check("FER-A-06", one_map_about_the_centre, needs=("augment",)),
    Check("FER-A-07", bilinear_with_the_edge_repeated, needs=("augment",)),
    Check("FER-A-08", axes_are_swapped, needs=("augment",)),
    Check("FER-A-09", flipped_after_the_map, needs=("augment",)),
)
