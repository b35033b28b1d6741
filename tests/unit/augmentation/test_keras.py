"""Pixels and batches of the suite and of its checks equal those of Keras' own generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec.checks.implementation.augmentation.witness import KERAS, change_from
from ferspec.checks.implementation.augmentation.witness import Stream as ExpectedStream
from ferspec.reference.augmentation.parameters import parameters_from
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.augmentation.warp import augmented
from helpers.keras_augmentation import (
    TOLERANCE,
    assert_same_pixels,
    generator,
    ignore_old_name,
    keras_pixels,
    keras_transform,
    noise,
)

pytestmark = ignore_old_name

# Four batches of eight and one of five.
COUNT, BATCH, SEED, EPOCHS, SIDE = 37, 8, 11, 3, 24


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 32), st.integers(2, 32), st.integers(0, 2**32 - 1), st.data())
def test_pixels_are_those_of_keras_at_any_size_and_the_ends_of_every_range(height, width, seed, data):
    ends_and_middle = st.sampled_from([0.0, 0.25, 0.5, np.nextafter(1, 0)])
    rows = data.draw(st.lists(st.lists(ends_and_middle, min_size=7, max_size=7), min_size=1, max_size=3))
    pixels, parameters = noise(len(rows), height, width, seed), parameters_from(np.array(rows), (height, width))
    of_keras, observed = keras_pixels(pixels, parameters), augmented(pixels, parameters)
    expected = [KERAS(image, change_from(row, height, width)) for image, row in zip(pixels, rows, strict=True)]
    assert_same_pixels(observed=np.array(expected), expected=of_keras)
    assert_same_pixels(observed=observed, expected=of_keras)
    assert observed.min() >= pixels.min() - TOLERANCE
    assert observed.max() <= pixels.max() + TOLERANCE


@pytest.fixture(scope="module")
def flow():
    """Three epochs of Keras' stream, the partial batches too: a list of (indices, transforms, pixels)."""
    transforms, batches = [], []
    keras = generator()
    draw = keras.get_random_transform

    def recorded(*arguments):
        transforms.append(draw(*arguments))
        return transforms[-1]

    keras.get_random_transform = recorded
    stream = keras.flow(noise(COUNT, SIDE, SIDE), np.arange(COUNT), batch_size=BATCH, shuffle=True, seed=SEED)
    for _ in range(EPOCHS * len(stream)):
        pixels, indices = next(stream)
        batches.append((indices.tolist(), transforms[-len(indices) :], pixels))
    return batches


def test_order_and_parameters_of_the_stream_are_those_of_keras_to_the_last_bit(flow):
    stream = Stream(COUNT, BATCH, SEED)
    for number, (expected, transforms, _) in enumerate(flow):
        indices, parameters = stream.batch(*divmod(number, stream.batches), (SIDE, SIDE))
        assert indices.tolist() == expected
        for index, transform in enumerate(transforms):
            kept = {name: value for name, value in transform.items() if value is not None}
            assert keras_transform(parameters, index) == kept


def test_pixels_of_the_stream_are_those_of_keras(flow):
    stream, images = Stream(COUNT, BATCH, SEED), noise(COUNT, SIDE, SIDE)
    for number, (_, _, expected) in enumerate(flow):
        indices, parameters = stream.batch(*divmod(number, stream.batches), (SIDE, SIDE))
        assert_same_pixels(observed=augmented(images[indices], parameters), expected=expected)


def test_the_stream_that_the_checks_expect_is_that_of_keras(flow):
    expected = ExpectedStream()(COUNT, BATCH, SIDE, SIDE, SEED, EPOCHS)
    for batch, (indices, transforms, _) in zip(expected, flow, strict=True):
        assert batch["indices"] == indices
        for change, transform in zip(batch["parameters"], transforms, strict=True):
            quantities = [transform[name] for name in ("theta", "tx", "ty", "zx", "zy", "flip_horizontal")]
            drawn = [change["rotation"], change["height_shift"], change["width_shift"], *change["zoom"], change["flip"]]
            assert drawn == pytest.approx(quantities)
