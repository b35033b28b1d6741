"""The input of ``fit``: the same batches in one order on every path, and no remaining thread."""

import gc
import os
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.models.preprocessing import GRAY, RESCALED, Preprocessing
from ferspec.reference.training.feed import evaluation_batches, reading_errors, training_batches
from helpers.processes import START_KERAS, run_python
from helpers.waiting import wait_until

# Keras asks SciPy for a function by its old address, for every image
pytestmark = pytest.mark.filterwarnings("ignore:Please import `affine_transform`")

SIDE, BATCH = 24, 8
PATHS = ("threads", "device", "reference")
HUNDREDTH_OF_A_GREY_LEVEL = 0.01 / 255


class Noise:
    """Images of noise; ``before`` is called with the indices of every batch that is read."""

    def __init__(self, count, side=SIDE, before=lambda indices: None):
        rng = np.random.default_rng(count)
        self.pixels = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
        self.labels = rng.integers(0, 7, count)
        self.before = before

    def __len__(self):
        return len(self.labels)

    def read(self, indices):
        self.before(indices)
        return self.pixels[indices]


def taken(batches, count):
    """Return the first ``count`` batches as (pixels or [images, transforms], classes)."""
    return list(batches.take(count).as_numpy_iterator())


def small_network(side=SIDE):
    import keras

    network = keras.Sequential([keras.Input((side, side, 3)), keras.layers.Flatten(), keras.layers.Dense(7, "softmax")])
    network.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return network


def fit(network, batches, steps, epochs=1, **options):
    return network.fit(batches, steps_per_epoch=steps, epochs=epochs, shuffle=False, verbose=0, **options)


@pytest.mark.parametrize(
    "preprocessing", [RESCALED, GRAY, Preprocessing("bgr", range=(-1.0, 1.0))], ids=lambda fed: fed.colour
)
def test_every_path_gives_the_same_images_and_classes(preprocessing):
    import keras

    from ferspec.reference.augmentation.device import with_augmentation

    images, stream = Noise(3 * BATCH + 5), Stream(3 * BATCH + 5, BATCH, seed=4)
    threads, device, reference = (
        taken(training_batches(images, stream, preprocessing, path), 2 * stream.steps) for path in PATHS
    )
    identity = keras.Sequential([keras.Input((SIDE, SIDE, preprocessing.channels)), keras.layers.Identity()])
    augmenting = with_augmentation(identity, preprocessing)
    low, high = preprocessing.range
    for ours, (sources, classes), keras_own in zip(threads, device, reference, strict=True):
        assert ours[0].dtype == np.float32
        for other in (np.asarray(augmenting(list(sources))), keras_own[0]):
            np.testing.assert_allclose(ours[0], other, rtol=0, atol=(high - low) * HUNDREDTH_OF_A_GREY_LEVEL)
        np.testing.assert_array_equal(ours[1], classes)
        np.testing.assert_array_equal(ours[1], keras_own[1])


@pytest.mark.parametrize("path", PATHS)
def test_starting_at_an_epoch_equals_skipping_those_before(path):
    from tensorflow import nest

    images, stream = Noise(2 * BATCH + 3), Stream(2 * BATCH + 3, BATCH, seed=9)
    whole = taken(training_batches(images, stream, RESCALED, path), 4 * stream.steps)
    later = taken(training_batches(images, stream, RESCALED, path, start_epoch=3), stream.steps)
    for expected, batch in zip(whole[3 * stream.steps :], later, strict=True):
        nest.map_structure(np.testing.assert_array_equal, batch, expected)
    assert not np.array_equal(nest.flatten(whole[0])[0], nest.flatten(later[0])[0])


@pytest.mark.parametrize("path", PATHS)
def test_shapes_are_static_so_that_replicas_can_share_a_batch(path):
    from tensorflow import nest

    batches = training_batches(Noise(20), Stream(20, BATCH, seed=0), RESCALED, path)
    assert all(
        tensor.shape.is_fully_defined() and tensor.shape[0] == BATCH for tensor in nest.flatten(batches.element_spec)
    )


def test_the_order_does_not_depend_on_which_batch_is_read_first():
    read = []

    def slow_at_first(indices):
        delay = 0.2 if not read else 0.0
        read.append(indices)
        time.sleep(delay)

    images, stream = Noise(4 * BATCH), Stream(4 * BATCH, BATCH, seed=1)
    batches = training_batches(images, stream, RESCALED, "device")
    images.before = slow_at_first
    for step, ((pixels, _), classes) in enumerate(taken(batches, stream.steps)):
        indices, _ = stream.batch(0, step, (SIDE, SIDE))
        np.testing.assert_array_equal(pixels, images.pixels[indices])
        np.testing.assert_array_equal(classes.argmax(axis=1), images.labels[indices])


@pytest.mark.parametrize("count", [2 * BATCH, 2 * BATCH + 3, 3])
def test_evaluation_keeps_the_order_and_changes_no_image(count):
    """FER-A-11."""
    images = Noise(4 * BATCH)
    batches = list(evaluation_batches(images, RESCALED, BATCH, count).as_numpy_iterator())
    assert [len(pixels) for pixels, _ in batches[:-1]] == [BATCH] * (len(batches) - 1)
    pixels, classes = (np.concatenate(part) for part in zip(*batches, strict=True))
    np.testing.assert_allclose(pixels, images.pixels[:count] / 255, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(classes.argmax(axis=1), images.labels[:count])
    assert (np.sort(classes, axis=1) == [0] * 6 + [1]).all()


@pytest.mark.parametrize("error", [UserError("cannot read a.jpg: no such file"), ValueError(), MemoryError()], ids=repr)
@pytest.mark.parametrize("path", ["threads", "reference", "evaluation"])
def test_an_exception_while_reading_is_raised_by_fit(path, error):

    def fail(indices):
        raise error

    images, stream = Noise(4 * BATCH), Stream(4 * BATCH, BATCH, seed=0)
    evaluated = evaluation_batches(images, RESCALED, BATCH, len(images))
    batches = evaluated if path == "evaluation" else training_batches(images, stream, RESCALED, path)
    images.before = fail
    with pytest.raises(type(error)) as caught, reading_errors():
        fit(small_network(), batches, stream.steps)
    assert caught.value is error


def test_a_reader_that_raises_stop_iteration_does_not_pass_for_the_end_of_the_data():
    def stop(indices):
        raise StopIteration

    images, stream = Noise(4 * BATCH), Stream(4 * BATCH, BATCH, seed=0)
    batches = training_batches(images, stream, RESCALED, "threads")
    images.before = stop
    with pytest.raises(RuntimeError), reading_errors():
        fit(small_network(), batches, stream.steps)


def test_an_error_of_tensorflow_is_left_as_it_is():
    import tensorflow as tf

    with pytest.raises(tf.errors.InvalidArgumentError), reading_errors():
        tf.debugging.assert_equal(1, 2)


def native_threads():
    return len(os.listdir("/proc/self/task"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted in /proc")
@pytest.mark.parametrize("path", PATHS)
def test_no_thread_outlives_the_iteration_that_made_it(path):
    """Threads of TensorFlow's pools stay; those of an iteration end with it, many epochs and iterations or none."""
    images, stream = Noise(4 * BATCH), Stream(4 * BATCH, BATCH, seed=0)

    def iterate(times):
        for _ in range(times):
            taken(training_batches(images, stream, RESCALED, path), 3 * stream.steps)
            next(iter(training_batches(images, stream, RESCALED, path)))

    iterate(2)
    before = native_threads()
    iterate(12)
    gc.collect()
    wait_until(lambda: native_threads() <= before + 2)


def test_nothing_is_read_any_more_after_fit_was_interrupted():
    import keras

    reads = []
    images, stream = Noise(4 * BATCH), Stream(4 * BATCH, BATCH, seed=0)
    images.before = reads.append

    def interrupt(batch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(
            small_network(),
            training_batches(images, stream, RESCALED, "threads"),
            stream.steps,
            epochs=50,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=interrupt)],
        )
    gc.collect()

    def nothing_is_read_any_more():
        before = len(reads)
        time.sleep(0.5)
        return len(reads) == before

    wait_until(nothing_is_read_any_more)
    assert len(reads) < 50 * stream.steps


def test_autotuning_is_off_because_it_delays_the_end_of_fit():
    images, stream = Noise(2 * BATCH), Stream(2 * BATCH, BATCH, seed=0)
    for batches in (
        *(training_batches(images, stream, RESCALED, path) for path in PATHS),
        evaluation_batches(images, RESCALED, BATCH, BATCH),
    ):
        assert batches.options().autotune.enabled is False


ON_TWO_DEVICES = """
    import numpy as np, tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    import keras
    from test_feed import Noise, fit, small_network
    from ferspec.reference.augmentation.stream import Stream
    from ferspec.reference.models.preprocessing import RESCALED
    from ferspec.reference.training.feed import evaluation_batches, training_batches

    images, stream = Noise(200), Stream(200, 64, seed=2)
    histories = []
    for devices in (["/cpu:0"], ["/cpu:0", "/cpu:1"]):
        keras.utils.set_random_seed(1)
        with tf.distribute.MirroredStrategy(devices).scope():
            batches = training_batches(images, stream, RESCALED, "threads")
            # the last batch of 65 has one image for two devices
            validation = evaluation_batches(images, RESCALED, 64, 65)
            histories.append(fit(small_network(), batches, stream.steps, epochs=2, validation_data=validation).history)
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-5, err_msg=name)
    print("equal")
"""

LEFT_OPEN = """
    import atexit, os, sys, time
    from test_feed import Noise
    from ferspec.reference.augmentation.stream import Stream
    from ferspec.reference.models.preprocessing import RESCALED

    begun, ended = [], []

    def slowly(indices):
        begun.append(indices)
        time.sleep(0.1)
        ended.append(indices)

    def last_before_python_ends():
        count = len(begun)
        time.sleep(0.3)
        if not count == len(begun) == len(ended):
            os._exit(9)

    atexit.register(last_before_python_ends)
    from ferspec.reference.training.feed import training_batches

    images, stream = Noise(200), Stream(200, 64, seed=2)
    batches = training_batches(images, stream, RESCALED, sys.argv[1])
    images.before = slowly
    left_open = iter(batches)
    next(left_open)
    sys.exit(2)
"""


READ_FAILS = """
    from test_feed import Noise
    from ferspec.errors import UserError
    from ferspec.reference.augmentation.stream import Stream
    from ferspec.reference.models.preprocessing import RESCALED
    from ferspec.subjects.models.quiet import tensorflow

    tensorflow()
    from ferspec.reference.training.feed import reading_errors, training_batches

    def torn(indices):
        raise UserError("the disk went away")

    images, stream = Noise(200), Stream(200, 64, seed=2)
    batches = training_batches(images, stream, RESCALED, "threads")
    images.before = torn
    try:
        with reading_errors():
            next(iter(batches))
    except UserError as error:
        print(error)
"""


def run(program, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    return run_python(START_KERAS + textwrap.dedent(program), *arguments, env=environment)


def test_two_devices_share_batches_without_a_warning():
    result = run(ON_TWO_DEVICES)
    assert result.returncode == 0, result.stderr
    assert "equal" in result.stdout
    # the end of fit may log that an operation named "…FromShard" was cancelled
    assert "sharding" not in result.stderr.lower()


@pytest.mark.parametrize("path", ["threads", "device"])
def test_a_feed_left_open_neither_keeps_the_process_nor_changes_its_status(path):
    """An exception on its way out may still hold the iteration; a thread that reads while Python ends may abort it."""
    result = run(LEFT_OPEN, path)
    assert result.returncode == 2, result.stderr


def test_no_image_to_evaluate_on_is_refused():
    with pytest.raises(UserError, match="no images to evaluate on"):
        evaluation_batches(Noise(1), RESCALED, BATCH, 0)


def test_a_failed_read_is_reported_by_its_exception_without_tensorflow_output():
    result = run(READ_FAILS)
    assert (result.returncode, result.stdout, result.stderr) == (0, "the disk went away\n", "")
