"""Images a second of augmentation alone, against Keras' ``ImageDataGenerator.flow`` on the same arrays in memory.

Both draw, choose, change and rescale the images of whole batches. They are timed in turns in one run and the median of
the ratios is judged, so that neither the machine nor its load matters; Keras works in one thread whatever it is given.
"""

from statistics import median

import numpy as np
import pytest

from ferspec.reference.augmentation.generator import keras_generator
from ferspec.reference.augmentation.scaling import scaled
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.augmentation.warp import augmented
from ferspec.reference.models.preprocessing import RESCALED

pytestmark = [pytest.mark.speed, pytest.mark.timeout(1800)]

BATCH, TURNS = 32, 9


@pytest.mark.parametrize(
    ("size", "count", "least"),
    [pytest.param(48, 640, 12, id="48 × 48"), pytest.param(224, 96, 9, id="224 × 224")],
)
def test_augmentation_is_many_times_faster_than_keras_generator(size, count, least, in_turns, note):
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

    epochs = iter(range(1, TURNS + 1))

    def our_epoch():
        epoch = next(epochs)
        return [ours(epoch, step) for step in range(stream.steps)]

    turns = in_turns(our_epoch, lambda: [next(flow) for _ in range(stream.steps)], TURNS)
    ratio = median(slow / fast for fast, slow in turns)
    fast, slow = (count / median(side) for side in zip(*turns, strict=True))
    note(ratio=ratio, least=least, images_per_second=fast, keras_images_per_second=slow)
    assert ratio >= least
