"""Images a second of augmentation alone, against Keras' ``ImageDataGenerator.flow`` on the same arrays in memory.

Both draw, choose, change and rescale the images of whole batches. They are timed in turns in one run and the median of
the ratios is judged, so that neither the machine nor its load matters; Keras works in one thread whatever it is given.
"""

import time
from statistics import median

import numpy as np
import pytest

from ferspec.reference.augmentation.generator import keras_generator
from ferspec.reference.augmentation.scaling import scaled
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.augmentation.warp import augmented
from ferspec.reference.models.preprocessing import RESCALED

BATCH, TURNS = 32, 9


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@pytest.mark.speed
@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@pytest.mark.parametrize(
    ("size", "count", "least"),
    [pytest.param(48, 640, 12, id="48 × 48"), pytest.param(224, 96, 9, id="224 × 224")],
)
def test_augmentation_is_many_times_faster_than_keras_generator(size, count, least, record_property, capsys):
    images, labels = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8), np.arange(count)
    stream, shape = Stream(count, BATCH, seed=5), (size, size)
    keras = keras_generator()
    keras.rescale = 1 / 255
    flow = keras.flow(images, labels, batch_size=BATCH, shuffle=True, seed=5)
    batch = np.empty((BATCH, size, size, 3), np.float32)

    def ours(epoch, step):
        indices, parameters = stream.batch(epoch, step, shape)
        return indices, scaled(augmented(images[indices], parameters, out=batch), RESCALED, out=batch)

    for step in range(stream.steps):
        (expected, of_keras), (of_ours, pixels) = next(flow), ours(0, step)
        assert of_ours.tolist() == of_keras.tolist(), "both make the same batches"
        assert np.abs(pixels - expected).mean() < 1e-4

    turns = [
        (
            seconds(lambda epoch=epoch: [ours(epoch, step) for step in range(stream.steps)]),
            seconds(lambda: [next(flow) for _ in range(stream.steps)]),
        )
        for epoch in range(1, TURNS + 1)
    ]
    ratio = median(slow / fast for fast, slow in turns)
    fast, slow = (count / median(side) for side in zip(*turns, strict=True))
    record_property("ratio", ratio)
    record_property("images_per_second", fast)
    record_property("keras_images_per_second", slow)
    with capsys.disabled():
        print(
            f"\n{size} × {size}: {fast:,.0f} images/s, Keras {slow:,.0f}: {ratio:.1f} times (at least {least} wanted)"
        )
    assert ratio >= least
