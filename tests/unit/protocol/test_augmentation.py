"""FER-A-01 to FER-A-09: how a training image is changed at random: the distributions and the pixels.

Ranges are typed from the paper (4.2). Pixels are those of Keras' own generator, or of small images worked out by hand;
whoever swaps, ties, rounds or reorders what Keras does not is shown to be caught.
"""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from ferspec import spec
from ferspec.reference.augmentation.parameters import Parameters, parameters_from
from ferspec.reference.augmentation.warp import augmented
from ferspec.synthetic import synthetic_images
from helpers.keras_augmentation import (
    DEGREES,
    SHIFT,
    TOLERANCE,
    ZOOM,
    assert_same_pixels,
    ignore_old_name,
    keras_pixels,
    noise,
)

VALUE = spec.load().value
pytestmark = ignore_old_name

# Paper 4.2; the ranges are typed where Keras' generator is made.
DIVISOR = 255
# Chosen here: how unlikely a sample must be to be refused.
UNLIKELY = 1e-3
DRAWS = 20_000
HEIGHT, WIDTH = 40, 61


def assert_uniform(sample, low, high):
    __tracebackhide__ = True
    assert low <= sample.min()
    assert sample.max() < high
    assert stats.kstest(sample, stats.uniform(low, high - low).cdf).pvalue > UNLIKELY


def assert_independent(one, other):
    __tracebackhide__ = True
    assert stats.spearmanr(one, other).pvalue > UNLIKELY


def assert_share(happened, probability):
    __tracebackhide__ = True
    assert stats.binomtest(int(happened.sum()), len(happened), probability).pvalue > UNLIKELY


def uniform(count, seed=0):
    return np.random.default_rng(seed).random((count, len(VALUE("FER-A-10", "draws"))))


def faces(size):
    return np.stack([face.pixels for face in synthetic_images(1, size, seed=3)])


def unchanged(count=1, **changes):
    """Return parameters that change nothing, but for the ones given."""
    nothing = np.zeros(count)
    same = Parameters(nothing, nothing, nothing, np.ones((count, 2)), np.zeros(count, bool))
    return replace(same, **{name: np.array([value] * count) for name, value in changes.items()})


# The distributions (FER-A-02 to FER-A-05).

DRAWN = parameters_from(uniform(DRAWS), (HEIGHT, WIDTH))
QUANTITIES = {
    "rotation": (DRAWN.rotation, -DEGREES, DEGREES),
    "height shift": (DRAWN.height_shift, -SHIFT * HEIGHT, SHIFT * HEIGHT),
    "width shift": (DRAWN.width_shift, -SHIFT * WIDTH, SHIFT * WIDTH),
    "first zoom": (DRAWN.zoom[:, 0], 1 - ZOOM, 1 + ZOOM),
    "second zoom": (DRAWN.zoom[:, 1], 1 - ZOOM, 1 + ZOOM),
    "flip": (DRAWN.flip, False, True),
}
RANGED = [name for name in QUANTITIES if name != "flip"]


@pytest.mark.parametrize("quantity", RANGED)
def test_a_change_is_uniform_over_its_range(quantity):
    assert_uniform(*QUANTITIES[quantity])


@pytest.mark.parametrize("quantity", RANGED)
def test_a_change_of_another_distribution_is_noticed(quantity):
    sample, low, high = QUANTITIES[quantity]
    middle = (low + high) / 2
    narrower, wider = middle + (sample - middle) * 0.95, middle + (sample - middle) * 1.05
    one_sided = middle + np.abs(sample - middle)
    bell = np.clip(np.random.default_rng(0).normal(middle, (high - low) / 6, DRAWS), low, high - 1e-9)
    for wrong in (narrower, wider, one_sided, bell):
        with pytest.raises(AssertionError):
            assert_uniform(wrong, low, high)


def test_every_other_image_is_mirrored():
    assert_share(DRAWN.flip, 0.5)
    for wrong in (DRAWN.flip | (DRAWN.rotation > 15), np.ones(DRAWS, bool)):
        with pytest.raises(AssertionError):
            assert_share(wrong, 0.5)


@pytest.mark.parametrize(("one", "other"), list(combinations(QUANTITIES, 2)))
def test_no_change_depends_on_another(one, other):
    assert_independent(QUANTITIES[one][0], QUANTITIES[other][0])


def test_zoom_factors_that_are_tied_are_noticed():
    first, second = DRAWN.zoom.T
    for wrong in (first, 2 - first, 0.9 * second + 0.1 * first):
        with pytest.raises(AssertionError):
            assert_independent(first, wrong)


def test_shifts_are_shares_of_the_height_and_of_the_width():
    assert DRAWN.height_shift.max() == pytest.approx(SHIFT * HEIGHT, rel=0.01)
    assert DRAWN.width_shift.max() == pytest.approx(SHIFT * WIDTH, rel=0.01)


def test_pixels_are_divided_by_255():
    assert VALUE("FER-A-01", "divisor") == DIVISOR


# Pixels worked out by hand (FER-A-06 to FER-A-09): in each, rows are typed one below the other.

SQUARE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
BY_HAND = {
    "nothing changed": (unchanged(), SQUARE),
    "the height shift reads further right and repeats the last column": (
        unchanged(height_shift=1.0),
        [[2, 3, 3], [5, 6, 6], [8, 9, 9]],
    ),
    "the width shift reads further down and repeats the last row": (
        unchanged(width_shift=1.0),
        [[4, 5, 6], [7, 8, 9], [7, 8, 9]],
    ),
    "half a pixel is halfway between two, and not rounded": (
        unchanged(height_shift=0.5),
        [[1.5, 2.5, 3], [4.5, 5.5, 6], [7.5, 8.5, 9]],
    ),
    "the first zoom factor acts on columns": (
        unchanged(zoom=(0.5, 1.0)),
        [[1.5, 2, 2.5], [4.5, 5, 5.5], [7.5, 8, 8.5]],
    ),
    "the second zoom factor acts on rows": (
        unchanged(zoom=(1.0, 0.5)),
        [[2.5, 3.5, 4.5], [4, 5, 6], [5.5, 6.5, 7.5]],
    ),
    "a quarter turn is anticlockwise": (unchanged(rotation=90.0), [[3, 6, 9], [2, 5, 8], [1, 4, 7]]),
    "a flip mirrors": (unchanged(flip=True), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]),
    "the flip mirrors what was shifted": (
        unchanged(height_shift=1.0, flip=True),
        [[3, 3, 2], [6, 6, 5], [9, 9, 8]],
    ),
    "the shift is turned with the image": (
        unchanged(rotation=90.0, height_shift=1.0),
        [[6, 9, 9], [5, 8, 8], [4, 7, 7]],
    ),
    "the shift is not zoomed": (unchanged(height_shift=1.0, zoom=(0.5, 1.0)), [[2.5, 3, 3], [5.5, 6, 6], [8.5, 9, 9]]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_by_hand(case):
    parameters, expected = BY_HAND[case]
    image = np.repeat(np.array(SQUARE, np.uint8)[:, :, np.newaxis], 3, axis=2)
    observed = augmented(image[np.newaxis], parameters)
    assert observed.dtype == np.float32
    for channel in range(3):
        assert_same_pixels(observed=observed[0, :, :, channel], expected=np.array(expected))


def test_on_images_that_are_not_square_the_centre_is_keras_not_theirs():
    """Of two rows and four columns the centre's column is (2 - 1) / 2: halving there keeps the left, not the middle."""
    row = np.array([0, 40, 80, 120], np.uint8)
    image = np.broadcast_to(row[:, np.newaxis], (1, 2, 4, 3))
    observed = augmented(np.ascontiguousarray(image), unchanged(zoom=(0.5, 1.0)))
    assert_same_pixels(observed=observed[0, 0, :, 0], expected=np.array([10, 30, 50, 70]))


# Pixels of Keras' generator.

IMAGES = {
    "faces of 48 × 48": lambda: faces(48),
    "faces of 224 × 224": lambda: faces(224),
    "noise of 48 × 48": lambda: noise(32, 48, 48),
    "noise that is wide": lambda: noise(16, 40, 61),
    "noise that is high": lambda: noise(16, 61, 40),
}


@pytest.mark.parametrize("images", IMAGES)
def test_pixels_are_those_of_keras(images):
    pixels = IMAGES[images]()
    parameters = parameters_from(uniform(len(pixels), seed=1), pixels.shape[1:3])
    assert_same_pixels(observed=augmented(pixels, parameters), expected=keras_pixels(pixels, parameters))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 32), st.integers(2, 32), st.integers(0, 2**32 - 1), st.data())
def test_pixels_are_those_of_keras_at_any_size_and_the_ends_of_every_range(height, width, seed, data):
    ends_and_middle = st.sampled_from([0.0, 0.25, 0.5, np.nextafter(1, 0)])
    rows = data.draw(st.lists(st.lists(ends_and_middle, min_size=7, max_size=7), min_size=1, max_size=3))
    pixels, parameters = noise(len(rows), height, width, seed), parameters_from(np.array(rows), (height, width))
    observed = augmented(pixels, parameters)
    assert_same_pixels(observed=observed, expected=keras_pixels(pixels, parameters))
    assert observed.min() >= pixels.min() - TOLERANCE
    assert observed.max() <= pixels.max() + TOLERANCE


def swapped(parameters):
    return replace(
        parameters,
        height_shift=parameters.width_shift,
        width_shift=parameters.height_shift,
        zoom=parameters.zoom[:, ::-1],
    )


def about_the_true_centre(pixels, parameters):
    """Return what a generator would make that swaps the axes of its centre too."""
    height, width = pixels.shape[1:3]
    cosine, sine = np.cos(np.deg2rad(parameters.rotation)), np.sin(np.deg2rad(parameters.rotation))
    changed = []
    for index, image in enumerate(pixels.astype(np.float32)):
        turn = np.array([[cosine[index], sine[index]], [-sine[index], cosine[index]]])
        shift = np.array([parameters.width_shift[index], parameters.height_shift[index]])
        linear, centre = turn * parameters.zoom[index, ::-1], np.array([height - 1, width - 1]) / 2
        offset = centre + turn @ shift - linear @ centre
        channels = [
            ndimage.affine_transform(image[:, :, channel], linear, offset, order=1, mode="nearest")
            for channel in range(3)
        ]
        warped = np.stack(channels, axis=-1)
        changed.append(warped[:, ::-1] if parameters.flip[index] else warped)
    return np.stack(changed)


def with_options(**options):
    return lambda pixels, parameters: keras_pixels(pixels, parameters, **options)


def flipped_first(pixels, parameters):
    flipped = np.where(parameters.flip[:, np.newaxis, np.newaxis, np.newaxis], pixels[:, :, ::-1], pixels)
    return keras_pixels(flipped, replace(parameters, flip=np.zeros(len(pixels), bool)))


def rescaled_first_and_black_outside(pixels, parameters):
    return keras_pixels(pixels / DIVISOR, parameters, fill_mode="constant", cval=0) * DIVISOR


WRONG = {
    "height and width shift act on rows and columns": lambda pixels, parameters: keras_pixels(
        pixels, swapped(parameters)
    ),
    "one zoom factor acts on both axes": lambda pixels, parameters: keras_pixels(
        pixels, replace(parameters, zoom=parameters.zoom[:, [0, 0]])
    ),
    "the image turns the other way": lambda pixels, parameters: keras_pixels(
        pixels, replace(parameters, rotation=-parameters.rotation)
    ),
    "the flip comes before the affine map": flipped_first,
    "pixels are rounded": lambda pixels, parameters: np.rint(keras_pixels(pixels, parameters)),
    "what lies outside is black": with_options(fill_mode="constant", cval=0),
    "what lies outside is mirrored": with_options(fill_mode="reflect"),
    "the nearest pixel is taken": with_options(interpolation_order=0),
    "rescaled first, and black outside": rescaled_first_and_black_outside,
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_image_is_noticed(mistake):
    pixels = faces(48)
    parameters = parameters_from(uniform(len(pixels), seed=1), pixels.shape[1:3])
    with pytest.raises(AssertionError):
        assert_same_pixels(observed=augmented(pixels, parameters), expected=WRONG[mistake](pixels, parameters))


def test_a_right_centre_is_noticed_where_images_are_not_square():
    for (height, width), same in {(48, 48): True, (40, 61): False}.items():
        pixels = noise(4, height, width)
        parameters = parameters_from(uniform(4, seed=1), (height, width))
        expected, observed = about_the_true_centre(pixels, parameters), augmented(pixels, parameters)
        assert (np.abs(observed - expected).max() <= TOLERANCE) == same
