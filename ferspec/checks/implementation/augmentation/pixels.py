"""FER-A-01 and FER-A-05 to FER-A-09: the pixels of an image after a given change.

Expected pixels are worked out by hand, or with SciPy's interpolation at the places where one matrix says to read. All
but FER-A-01 measure first how black and white come back, so that an image in another range fails that clause alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferspec.checks.implementation.answers.attribute import Known, attributed
from ferspec.checks.implementation.answers.explain import near
from ferspec.checks.implementation.answers.judge import close, judge_each, numbers
from ferspec.checks.implementation.answers.pixels import PixelNames
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.augmentation.cases import (
    AT_ONCE,
    BY_HAND,
    FLIPPED_LAST,
    INTERPOLATED,
    LARGE,
    MAPPED,
    SMALL,
    SWAPPED,
    ByHand,
)
from ferspec.checks.implementation.augmentation.mistakes import OPENCV_4, PIXELS, RESCALED
from ferspec.checks.implementation.augmentation.witness import (
    DIVISOR,
    KERAS,
    UNCHANGED,
    Change,
    Warp,
    change,
    described,
    together,
)
from ferspec.checks.implementation.networks.inputs import every_level, noise, sides_of
from ferspec.checks.implementation.networks.known import require, starts
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# the error of float32, in grey levels and in pixels of position
TOLERANCE, PLACE_TOLERANCE = 0.01, 0.01
BRIGHTEST = 255

Pixels = tuple[np.ndarray, Change]
"""An image, and what is changed of it."""


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
    subject: ImplementationSubject, clause: str, observed: np.ndarray, expected: np.ndarray, asked: Pixels
) -> CheckResult:
    """Compare grey levels, and name the pixel that is farthest off."""
    image, parameters = asked
    names = PixelNames(image.shape, f"{described(parameters)} of {image.shape[0]}×{image.shape[1]}")
    return _explained(close(observed, expected, TOLERANCE, names), subject, clause, observed, asked)


def _explained(
    found: CheckResult,
    subject: ImplementationSubject,
    clause: str,
    observed: np.ndarray,
    asked: Pixels,
    tolerance: float = TOLERANCE,
) -> CheckResult:
    """Return a finding; a failure with its likely cause, or a pass if other clauses are concerned."""
    found = attributed(found, clause, KNOWN, subject, observed, asked)
    if found.status is Status.PASS or found.likely:
        return found
    alone = (name for name, warp in PIXELS[clause].items() if resembled(observed, {name: warp(*asked)}, tolerance))
    return found.model_copy(update={"likely": next(alone, None)})


def _made(warps: Sequence[Warp]) -> Callable[[Pixels], np.ndarray] | None:
    warp = together(warps)
    return None if warp is None else lambda asked: warp(*asked)


KNOWN = Known(
    PIXELS,
    _made,
    [(noise(height, width, seed=5), parameters) for parameters, height, width in AT_ONCE.values()],
    lambda subject, asked: levels_of(subject)(*asked),
    near(absolute=TOLERANCE),
)


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
    observed = levels_of(subject)(image, parameters)
    return _same_pixels(subject, "FER-A-05", observed, image[:, ::-1], (image, parameters))


def worked_out_by_hand(subject: ImplementationSubject, clause: str, case: ByHand) -> CheckResult:
    """A small image gives the pixels that were computed by hand."""
    image, expected = (np.repeat(np.array(rows)[..., np.newaxis], 3, -1) for rows in (case.image, case.expected))
    return _same_pixels(subject, clause, levels_of(subject)(image, case.change), expected, (image, case.change))


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
    found = CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what} {observed[row, column, 1]:.3f}, column {observed[row, column, 0]:.3f}",
        expected=f"{what} {expected[row, column, 1]:.3f}, column {expected[row, column, 0]:.3f}",
        difference=None if holds else farthest,
    )
    found = _explained(found, subject, clause, levels, (chart, parameters), PLACE_TOLERANCE * step)
    is_rounded = found.status is Status.FAIL and not found.likely and farthest <= 1 / 32
    return found.model_copy(update={"likely": OPENCV_4}) if is_rounded else found


def read_once(subject: ImplementationSubject) -> CheckResult:
    """An image is interpolated once: pixels that the one map reads exactly at a pixel come out as they are.

    Of 16 columns the middle is 7.5, so that column 5 is read at 7.5 + 0.5 - 0.8 * 2.5 = 6. Any interpolation gives
    the pixel there; two in sequence blur it.
    """
    image, parameters = noise(16, 16), change(shift=0.5, zoom=0.8)
    observed = levels_of(subject)(image, parameters)
    expected = observed.copy()
    expected[np.ix_([0, 5, 10, 15], [0, 5, 10, 15])] = image[np.ix_([2, 6, 10, 14], [2, 6, 10, 14])]
    return _same_pixels(subject, "FER-A-06", observed, expected, (image, parameters))


def a_quarter_of_a_pixel(subject: ImplementationSubject) -> CheckResult:
    """A shift by a quarter of a pixel interpolates a dot: 3/4 and 1/4."""
    dot, quarter = np.zeros((9, 9, 3), int), np.zeros((9, 9, 3))
    dot[4, 4] = 201
    quarter[3:5, 3:5] = 201 * np.outer([0.25, 0.75], [0.25, 0.75])[..., np.newaxis]
    parameters = change(shift=0.25)
    return _same_pixels(subject, "FER-A-07", levels_of(subject)(dot, parameters), quarter, (dot, parameters))


def bilinear_with_the_edge_repeated(
    subject: ImplementationSubject, parameters: Change, height: int, width: int
) -> CheckResult:
    """Pixels are interpolated bilinearly and not rounded; what lies outside is the nearest pixel of the edge."""
    asked = noise(height, width, seed=3), parameters
    return _same_pixels(subject, "FER-A-07", levels_of(subject)(*asked), KERAS(*asked), asked)


def only_other_clauses_explain(
    subject: ImplementationSubject, clause: str, parameters: Change, height: int, width: int
) -> CheckResult:
    """All changes at once give the right pixels, apart from departures from other clauses.

    Pixels that no known departure explains are not evaluated: single changes show which clause is concerned.
    """
    asked = noise(height, width, seed=5), parameters
    found = _same_pixels(subject, clause, levels_of(subject)(*asked), KERAS(*asked), asked)
    if found.status is Status.FAIL and not found.likely:
        raise NotEvaluable("no known departure explains these pixels: the other cases judge the clause")
    return found


def flipped_after_the_map(subject: ImplementationSubject, height: int, width: int) -> CheckResult:
    """The mirrored image is the mirror image of the one that is not: the flip comes after the affine map.

    Whether an image is rescaled before or after cannot be seen from pixels that are not rounded (FER-A-07).
    """
    image, levels, parameters = noise(height, width, seed=2), levels_of(subject), FLIPPED_LAST | {"flip": True}
    plain = levels(image, FLIPPED_LAST)
    return _same_pixels(subject, "FER-A-09", levels(image, parameters), plain[:, ::-1], (image, parameters))


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


def _at_once(clause: str) -> tuple[Check, ...]:
    cases = {name: (clause, *case) for name, case in AT_ONCE.items()}
    return checks_by_case(clause, only_other_clauses_explain, cases, AUGMENT)


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
    *(check for clause in PIXELS for check in _at_once(clause)),
)
