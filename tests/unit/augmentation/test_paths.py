"""Inputs of a network after augmentation, scaled with NumPy or computed in the graph."""

from dataclasses import replace

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.reference.augmentation.matrices import transforms
from ferspec.reference.augmentation.scaling import scaled
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.augmentation.warp import augmented
from ferspec.reference.models.preprocessing import GRAY, RESCALED, Preprocessing
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.synthetic import render, scene
from helpers.keras_augmentation import TOLERANCE, generator, ignore_old_name, keras_pixels, noise

FEEDS = {
    "0 to 1": RESCALED,
    "0 to 255, in grey": GRAY,
    "-1 to 1": Preprocessing(range=(-1.0, 1.0)),
    "blue first, means taken off": Preprocessing("bgr", range=(0.0, 255.0), mean=(103.9, 116.8, 123.7)),
    "standardised": Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    "grey three times": Preprocessing("gray"),
}
every_feed = pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
SHAPES = {"square": (48, 48), "wide": (40, 61)}


def a_batch(shape, count=16):
    """Return images, and the parameters of a later epoch."""
    return noise(count, *shape), Stream(count, count, seed=2).batch(3, 0, shape)[1]


def grey_levels(fed, feed):
    """Return differences of what is fed as differences in grey levels."""
    low, high = feed.range
    return np.abs(fed) * np.asarray(feed.std or 1.0) / (high - low) * 255


@every_feed
def test_images_are_fed_in_training_as_they_are_in_evaluation(feed):
    """Evaluation reads a table of 256 values in double precision, and rounds grey to whole levels."""
    images = noise(4, 9, 13)
    contract = Input(
        size=(9, 13), colour=feed.colour, channels=feed.channels, range=feed.range, mean=feed.mean, std=feed.std
    )
    difference = scaled(images.astype(np.float32), feed) - prepare_batch(images, contract)
    assert grey_levels(difference, feed).max() <= (0.501 if feed.colour == "gray" else 1e-4)


def test_rescaling_is_keras_own_to_the_last_bit():
    images = np.random.default_rng(0).uniform(0, 255, (4, 9, 13, 3)).astype(np.float32)
    expected = generator(rescale=1 / 255).standardize(images.copy())
    np.testing.assert_array_equal(scaled(images, RESCALED), expected)


@pytest.mark.parametrize("name", [name for name, feed in FEEDS.items() if feed.channels == 3])
def test_scaling_in_place_changes_nothing(name):
    feed = FEEDS[name]
    images = noise(4, 9, 13).astype(np.float32)
    expected = scaled(images, feed)
    assert scaled(images, feed, out=images) is images
    np.testing.assert_array_equal(images, expected)


@pytest.mark.parametrize("shape", [(48, 48), (130, 130)], ids=["small", "large enough for threads"])
def test_augmenting_into_an_array_changes_nothing(shape):
    images, parameters = a_batch(shape, count=5)
    out = np.full(images.shape, np.nan, np.float32)
    assert augmented(images, parameters, out=out) is out
    np.testing.assert_array_equal(out, augmented(images, parameters))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"std": (0.2, 0.0, 0.2)}, "a standard deviation cannot be 0"),
        ({"mean": (0.1, 0.2)}, "mean has 2 values: give one, or one a channel"),
    ],
)
def test_figures_that_do_not_fit_are_refused_in_one_line(fields, line):
    with pytest.raises(UserError, match=line):
        scaled(noise(1, 4, 4).astype(np.float32), replace(RESCALED, **fields))


@pytest.fixture(scope="module")
def device():
    """The module that augments in the graph."""
    return pytest.importorskip("ferspec.reference.augmentation.device")


def passing_on(shape, channels):
    """Return a network that answers with what it is fed."""
    import keras

    return keras.Sequential([keras.Input((*shape, channels)), keras.layers.Identity(dtype="float32")])


@every_feed
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_graph_feeds_the_values_of_opencv_and_numpy(feed, shape, device):
    images, parameters = a_batch(shape)
    model = device.with_augmentation(passing_on(shape, feed.channels), feed)
    fed = model.predict_on_batch([images, transforms(parameters, shape)])
    difference = fed - scaled(augmented(images, parameters), feed)
    assert grey_levels(difference, feed).max() <= TOLERANCE


def test_transforms_of_other_parameters_are_noticed(device):
    images, parameters = a_batch((48, 48))
    model = device.with_augmentation(passing_on((48, 48), 3), RESCALED)
    other = replace(parameters, height_shift=parameters.width_shift, width_shift=parameters.height_shift)
    fed = model.predict_on_batch([images, transforms(other, (48, 48))])
    assert grey_levels(fed - scaled(augmented(images, parameters), RESCALED), RESCALED).max() > TOLERANCE


def test_the_graph_keeps_float32_where_the_network_computes_in_bfloat16(device):
    import keras

    images, parameters = a_batch((48, 48))
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = device.with_augmentation(passing_on((48, 48), 3), RESCALED)
    finally:
        keras.config.set_dtype_policy("float32")
    fed = model.predict_on_batch([images, transforms(parameters, (48, 48))])
    assert grey_levels(fed - scaled(augmented(images, parameters), RESCALED), RESCALED).max() <= TOLERANCE


@pytest.fixture
def small_network():
    import keras

    layers = [keras.Input((12, 12, 3)), keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax")]
    return keras.Sequential(layers)


def test_training_behind_the_augmentation_trains_the_network_itself(device, small_network):
    images, parameters = a_batch((12, 12))
    before = small_network.get_weights()
    model = device.with_augmentation(small_network, RESCALED)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.train_on_batch([images, transforms(parameters, (12, 12))], np.arange(16) % 7)
    assert model.count_params() == small_network.count_params()
    for earlier, later in zip(before, small_network.get_weights(), strict=True):
        assert (earlier != later).any()


def test_keras_does_not_compile_the_augmentation_with_xla_which_lacks_it(device, small_network):
    model = device.with_augmentation(small_network, RESCALED)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile="auto")
    assert model.jit_compile is False


def test_a_model_with_its_augmentation_can_be_saved_and_read(device, small_network, tmp_path):
    import keras

    images, parameters = a_batch((12, 12))
    feed = FEEDS["standardised"]
    model = device.with_augmentation(small_network, feed)
    model.save(tmp_path / "model.keras")
    inputs = [images, transforms(parameters, (12, 12))]
    read = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(read.predict_on_batch(inputs), model.predict_on_batch(inputs))
    assert read.get_layer("augmentation").preprocessing == feed


def black_and_white(size, count):
    """Return noise of the steepest edges there are."""
    return np.random.default_rng(7).choice(np.array([0, 255], np.uint8), (count, size, size, 3))


def drawn_faces(size, count):
    return np.stack([render(scene(3, "Happy", index), size) for index in range(count)])


@ignore_old_name
@pytest.mark.parametrize("path", ["threads", "device"])
@pytest.mark.parametrize(
    ("images", "size", "largest"),
    [
        pytest.param(black_and_white, 48, 0.005, id="any image of 48 × 48"),
        pytest.param(drawn_faces, 224, 0.01, id="faces of 224 × 224"),
        pytest.param(black_and_white, 224, 0.02, id="any image of 224 × 224"),
    ],
)
def test_reading_in_float32_stays_near_keras(images, size, largest, path, device):
    """The bounds of the docstrings: in grey levels, the largest difference of any value."""
    count = 24
    pixels = images(size, count)
    parameters = Stream(count, count, seed=5).batch(1, 0, (size, size))[1]
    if path == "threads":
        fed = augmented(pixels, parameters)
    else:
        feed = Preprocessing(range=(0.0, 255.0))
        model = device.with_augmentation(passing_on((size, size), 3), feed)
        fed = model.predict_on_batch([pixels, transforms(parameters, (size, size))])
    assert np.abs(fed - keras_pixels(pixels, parameters)).max() <= largest
