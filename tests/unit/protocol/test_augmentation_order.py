"""FER-A-10, FER-A-13, FER-A-14: the order of the images and their random numbers, batch by batch, as Keras has them."""

import numpy as np
import pytest

from ferspec.reference.augmentation.parameters import parameters_from
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.augmentation.warp import augmented
from helpers.keras_augmentation import assert_same_pixels, generator, ignore_old_name, keras_transform, noise

pytestmark = ignore_old_name

# Four batches of eight and one of five.
COUNT, BATCH, BATCHES, SEED, EPOCHS = 37, 8, 5, 11, 3


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
    stream = keras.flow(noise(COUNT, 24, 24), np.arange(COUNT), batch_size=BATCH, shuffle=True, seed=SEED)
    for _ in range(EPOCHS * len(stream)):
        pixels, indices = next(stream)
        batches.append((indices, transforms[-len(indices) :], pixels))
    return batches


def assert_same_stream(batches, flow):
    __tracebackhide__ = True
    assert len(batches) == len(flow)
    for (indices, parameters), (expected, transforms, _) in zip(batches, flow, strict=True):
        assert indices.tolist() == expected.tolist()
        for index, transform in enumerate(transforms):
            kept = {name: value for name, value in transform.items() if value is not None}
            assert keras_transform(parameters, index) == kept


def stream_of(batch):
    """Return three epochs of batches from ``batch(epoch, step)``."""
    return [batch(epoch, step) for epoch in range(EPOCHS) for step in range(BATCHES)]


def test_order_and_parameters_of_the_stream_are_those_of_keras_to_the_last_bit(flow):
    stream = Stream(COUNT, BATCH, SEED)
    assert_same_stream(stream_of(lambda epoch, step: stream.batch(epoch, step, (24, 24))), flow)


def test_pixels_of_the_stream_are_those_of_keras(flow):
    stream, images = Stream(COUNT, BATCH, SEED), noise(COUNT, 24, 24)
    for number, (_, _, expected) in enumerate(flow):
        indices, parameters = stream.batch(*divmod(number, stream.batches), (24, 24))
        assert_same_pixels(observed=augmented(images[indices], parameters), expected=expected)


def drawn(epoch, step, *, draws=7, batches=BATCHES, order_first=True, order_of=lambda epoch: epoch):
    """Return a batch as a reader of the clauses would draw it; each keyword departs from one of them."""
    first = np.random.RandomState(SEED + order_of(epoch) * batches)
    if not order_first:
        first.random_sample((BATCH, draws))
    order = first.permutation(COUNT)
    state = np.random.RandomState(SEED + epoch * batches + step)
    if step == 0 and order_first:
        state.permutation(COUNT)
    indices = order[step * BATCH : (step + 1) * BATCH]
    numbers = np.zeros((len(indices), 7))
    numbers[:, :draws] = state.random_sample((len(indices), draws))
    return indices, parameters_from(numbers, (24, 24))


def test_the_stream_can_be_drawn_from_the_clauses_alone(flow):
    assert_same_stream(stream_of(drawn), flow)


@pytest.mark.parametrize(
    "departure",
    [
        pytest.param({"draws": 6}, id="no random number is drawn for the vertical flip"),
        pytest.param({"batches": 4}, id="the partial batch is not counted"),
        pytest.param({"order_first": False}, id="the order is drawn after the images"),
        pytest.param({"order_of": lambda epoch: 0}, id="every epoch has the order of the first"),
    ],
)
def test_another_stream_is_noticed(departure, flow):
    with pytest.raises(AssertionError):
        assert_same_stream(stream_of(lambda epoch, step: drawn(epoch, step, **departure)), flow)
