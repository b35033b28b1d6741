"""The stream of batches starts at any place, works with several threads and has no side effects."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec.errors import UserError
from ferspec.reference.augmentation.generator import keras_generator, reference_batches
from ferspec.reference.augmentation.stream import LARGEST_SEED, Stream
from ferspec.reference.augmentation.warp import augmented
from helpers.keras_augmentation import generator, ignore_old_name, noise

pytestmark = ignore_old_name

SHAPE = (24, 24)
COUNT, BATCH, SEED = 50, 8, 4


def places(stream, epochs):
    return [(epoch, step) for epoch in range(epochs) for step in range(stream.batches)]


def assert_same_batch(one, other):
    __tracebackhide__ = True
    assert one[0].tolist() == other[0].tolist()
    for left, right in zip(astuple(one[1]), astuple(other[1]), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.fixture
def uninterrupted():
    """Three epochs, one batch after the other."""
    stream = Stream(COUNT, BATCH, SEED)
    return {place: stream.batch(*place, SHAPE) for place in places(stream, 3)}


def test_a_new_stream_continues_at_any_batch(uninterrupted):
    for place, batch in uninterrupted.items():
        assert_same_batch(Stream(COUNT, BATCH, SEED).batch(*place, SHAPE), batch)


def test_batches_asked_for_backwards_are_the_same(uninterrupted):
    stream = Stream(COUNT, BATCH, SEED)
    for place in reversed(uninterrupted):
        assert_same_batch(stream.batch(*place, SHAPE), uninterrupted[place])


def test_batches_asked_for_by_several_threads_are_the_same(uninterrupted):
    stream, asked = Stream(COUNT, BATCH, SEED), list(uninterrupted) * 20
    np.random.default_rng(0).shuffle(asked)
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda place: stream.batch(*place, SHAPE), asked))
    for place, batch in zip(asked, batches, strict=True):
        assert_same_batch(batch, uninterrupted[tuple(place)])


@given(count=st.integers(1, 200), size=st.integers(1, 64), seed=st.integers(0, LARGEST_SEED), epoch=st.integers(0, 500))
def test_every_epoch_shows_every_image_once_in_an_order_of_its_own(count, size, seed, epoch):
    stream = Stream(max(count, size), size, seed)
    orders = [
        np.concatenate([stream.batch(number, step, SHAPE)[0] for step in range(stream.batches)])
        for number in (epoch, epoch + 1)
    ]
    assert all(sorted(order) == list(range(stream.count)) for order in orders)
    assert stream.steps == stream.count // size
    assert stream.batches - stream.steps == (stream.count % size > 0)
    if stream.count > 10:
        assert orders[0].tolist() != orders[1].tolist()


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 12), size=st.integers(1, 5), seed=st.integers(0, LARGEST_SEED), epoch=st.integers(0, 3))
def test_any_epoch_has_the_order_in_which_keras_comes_to_it(count, size, seed, epoch):
    stream = Stream(max(count, size), size, seed)
    flow = generator().flow(
        noise(stream.count, 2, 2), np.arange(stream.count), batch_size=size, shuffle=True, seed=seed
    )
    for _ in range(epoch * stream.batches):
        next(flow)
    for step in range(stream.batches):
        assert stream.batch(epoch, step, (2, 2))[0].tolist() == next(flow)[1].tolist()


def test_the_global_random_state_is_neither_read_nor_changed(uninterrupted):
    np.random.seed(99)
    before = np.random.get_state()
    indices, parameters = Stream(COUNT, BATCH, SEED).batch(1, 0, SHAPE)
    augmented(noise(len(indices), *SHAPE), parameters)
    after = np.random.get_state()
    assert before[0] == after[0]
    assert before[2:] == after[2:]
    np.testing.assert_array_equal(before[1], after[1])
    assert_same_batch((indices, parameters), uninterrupted[1, 0])


@pytest.mark.parametrize("step", [-1, 7])
def test_a_step_that_an_epoch_does_not_have_is_refused(step):
    with pytest.raises(IndexError, match="an epoch has 7 batches"):
        Stream(COUNT, BATCH, SEED).batch(0, step, SHAPE)


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_a_seed_numpy_does_not_take_is_refused_in_one_line(seed):
    with pytest.raises(UserError, match=f"^the seed is {seed}: give a whole number from 0 to {LARGEST_SEED}$"):
        Stream(COUNT, BATCH, seed)


@pytest.mark.parametrize(("count", "size"), [(0, 8), (7, 8)])
def test_fewer_images_than_a_batch_are_refused_in_one_line(count, size):
    with pytest.raises(UserError, match=f"^{count} images do not make a batch of {size}"):
        Stream(count, size, SEED)


@pytest.mark.parametrize("epoch", [0, 2])
def test_the_reference_path_yields_the_batches_of_the_stream(epoch):
    stream, images, labels = Stream(COUNT, BATCH, SEED), noise(COUNT, *SHAPE), np.arange(COUNT) % 7
    batches = list(reference_batches(images, labels, stream, epoch))
    assert len(batches) == stream.batches
    for step, (pixels, of_batch) in enumerate(batches):
        indices, parameters = stream.batch(epoch, step, SHAPE)
        assert of_batch.tolist() == labels[indices].tolist()
        np.testing.assert_allclose(pixels, augmented(images[indices], parameters), atol=0.01)


def test_the_reference_path_is_keras_generator_with_the_ranges_of_the_paper():
    assert vars(keras_generator()) == vars(generator())
