"""The input of a contract determines the numbers fed to a model."""

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ferspec.errors import UserError
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.preprocess import batches, prepare, prepare_batch

RNG = np.random.default_rng(48)
FACE = cv2.resize(RNG.integers(60, 196, (12, 10, 3), dtype=np.uint8), (100, 120), interpolation=cv2.INTER_CUBIC)
NOISE = RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8)
SIZES = [(48, 48), (60, 50), (224, 224), (33, 177)]


def raw(image, size, **declared) -> np.ndarray:
    """The prepared image on the scale 0 to 255."""
    return prepare(image, Input(size=size, range=(0, 255), **declared))


def resampled(image, size, kernel, reach, antialias) -> np.ndarray:
    """Resize by the definition: a weighted mean per axis, centres at half pixels, edges repeated or left out."""

    def along(length, target) -> np.ndarray:
        scale = length / target
        width = max(scale, 1.0) if antialias else 1.0
        centre = (np.arange(target) + 0.5) * scale - 0.5
        taps = np.arange(-int(np.ceil(reach * width)) - 1, length + int(np.ceil(reach * width)) + 1)
        weights = kernel((taps - centre[:, None]) / width)
        if antialias:  # Pillow leaves out what lies beyond the edge
            weights[:, (taps < 0) | (taps >= length)] = 0
        weights /= weights.sum(axis=1, keepdims=True)
        matrix = np.zeros((target, length))
        for column, tap in enumerate(np.clip(taps, 0, length - 1)):
            matrix[:, tap] += weights[:, column]
        return matrix

    rows, columns = along(image.shape[0], size[0]), along(image.shape[1], size[1])
    return np.einsum("ij,jkc,lk->ilc", rows, image.astype(float), columns, optimize=True)


def triangle(x):
    return np.clip(1 - abs(x), 0, None)


def cubic(a):
    def kernel(x):
        x = abs(x)
        near = (a + 2) * x**3 - (a + 3) * x**2 + 1
        far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
        return np.where(x <= 1, near, np.where(x < 2, far, 0.0))

    return kernel


def lanczos(lobes):
    return lambda x: np.where(abs(x) < lobes, np.sinc(x) * np.sinc(x / lobes), 0.0)


@given(low=st.floats(-300, 300), high=st.floats(-300, 300))
def test_0_and_255_are_mapped_to_the_ends_of_the_range_and_the_rest_between(low, high):
    every_value = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    prepared = prepare(every_value, Input(size=(16, 16), range=(low, high)))
    expected = low + every_value.astype(float) * (high - low) / 255
    np.testing.assert_allclose(prepared, expected, rtol=1e-6, atol=3e-5)
    assert prepared[0, 0, 0] == np.float32(low)
    assert prepared[-1, -1, 2] == np.float32(high)


@pytest.mark.parametrize(
    ("declared", "by_hand"),
    [
        ({}, lambda x: x / 255),
        ({"range": (-1, 1)}, lambda x: (x / 255 - 0.5) * 2),
        ({"range": (0, 255), "mean": (91.5, 103.9, 131.1)}, lambda x: x - np.array([91.5, 103.9, 131.1])),
        (
            {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
            lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        ),
        ({"mean": (0.5,), "std": (0.25,)}, lambda x: (x / 255 - 0.5) / 0.25),
    ],
    ids=["0 to 1", "-1 to 1", "mean of raw values", "mean and std per channel", "one mean and std for all"],
)
def test_values_are_what_the_formula_gives(declared, by_hand):
    prepared = prepare(NOISE, Input(size=(32, 32), **declared))
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared, by_hand(NOISE.astype(float)), rtol=1e-6, atol=1e-6)


def test_mean_and_std_follow_the_order_of_the_models_channels():
    prepared = prepare(NOISE, Input(size=(32, 32), colour="bgr", range=(0, 255), mean=(1, 2, 3)))
    np.testing.assert_array_equal(prepared, NOISE[..., ::-1] - np.array([1.0, 2.0, 3.0]))


def test_bgr_reverses_the_channels():
    np.testing.assert_array_equal(raw(NOISE, (32, 32), colour="bgr"), NOISE[..., ::-1])


def test_gray_is_the_rounded_luma_of_bt_601():
    exact = NOISE.astype(float) @ [0.299, 0.587, 0.114]
    prepared = raw(NOISE, (32, 32), colour="gray")
    assert prepared.shape == (32, 32, 1)
    np.testing.assert_array_equal(prepared, np.rint(prepared))
    np.testing.assert_allclose(prepared[..., 0], exact, atol=0.502)


def test_gray_for_a_model_of_three_channels_is_repeated():
    prepared = raw(NOISE, (32, 32), colour="gray", channels=3)
    np.testing.assert_array_equal(prepared, raw(NOISE, (32, 32), colour="gray").repeat(3, axis=2))


@pytest.mark.parametrize("size", SIZES)
def test_nearest_takes_the_pixels_that_pillow_takes(size):
    expected = Image.fromarray(FACE).resize(size[::-1], Image.Resampling.NEAREST)
    np.testing.assert_array_equal(raw(FACE, size, resize="nearest"), np.asarray(expected))


@pytest.mark.parametrize("size", SIZES[:3])  # 33 rows: a centre between two pixels, where they differ
@pytest.mark.parametrize(("method", "tolerance"), [("nearest", 0), ("bilinear", 1)])
def test_nearest_and_bilinear_are_those_of_tensorflow(method, tolerance, size):
    import tensorflow as tf

    expected = tf.image.resize(FACE, size, method=method, antialias=False).numpy()
    np.testing.assert_allclose(raw(FACE, size, resize=method), expected, atol=tolerance)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("declared", "kernel", "reach"),
    [
        ({"resize": "bilinear"}, triangle, 1),
        ({"resize": "bilinear", "antialias": True}, triangle, 1),
        ({"resize": "bicubic"}, cubic(-0.75), 2),
        ({"resize": "bicubic", "antialias": True}, cubic(-0.5), 2),
        ({"resize": "lanczos"}, lanczos(4), 4),
        ({"resize": "lanczos", "antialias": True}, lanczos(3), 3),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_each_filter_is_the_weighted_mean_of_its_kernel(declared, kernel, reach, size):
    expected = resampled(FACE, size, kernel, reach, declared.get("antialias", False))
    np.testing.assert_allclose(raw(FACE, size, **declared), expected, atol=1.3)  # both axes are rounded


def test_area_is_the_mean_of_the_pixels_covered():
    expected = NOISE.astype(float).reshape(8, 4, 8, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(raw(NOISE, (8, 8), resize="area"), expected, atol=0.51)


def test_only_antialias_averages_a_fine_pattern():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, 1::8] = 255
    plain, smooth = raw(stripes, (8, 8)), raw(stripes, (8, 8), antialias=True)
    assert plain.max() == 0
    np.testing.assert_allclose(smooth, 255 / 8, atol=12)


@pytest.mark.parametrize("resize", ["nearest", "area"])
def test_antialias_changes_nothing_where_there_is_nothing_to_smooth(resize):
    np.testing.assert_array_equal(
        raw(FACE, (40, 40), resize=resize, antialias=True), raw(FACE, (40, 40), resize=resize)
    )


def test_size_is_height_then_width_and_channels_stay_last():
    declared = Input(size=(20, 30), layout="channels_first")
    assert prepare(FACE, declared).shape == (20, 30, 3)


def test_colour_comes_before_size_so_grey_is_rounded_before_it_is_averaged():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, :, 1] = 1  # 0.587 rounds to 1 in each pixel, so their mean is 1 and not 0.587
    assert raw(image, (1, 1), colour="gray").item() == 1.0


@pytest.mark.parametrize("colour", ["rgb", "bgr", "gray"])
def test_a_batch_is_its_images_one_by_one(colour):
    declared = Input(size=(24, 20), colour=colour, range=(-1, 1))
    images = [FACE, NOISE, FACE[:50]]
    batch = prepare_batch(images, declared)
    assert batch.flags.c_contiguous
    for image, prepared in zip(images, batch, strict=True):
        np.testing.assert_array_equal(prepared, prepare(image, declared))


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"mean": (0.1, 0.2)}, r"mean has 2 values: give 1, or one per channel \(3\)"),
        ({"std": (1.0, 1.0, 1.0, 1.0)}, r"std has 4 values: give 1, or one per channel \(3\)"),
        ({"colour": "gray", "mean": (0.1, 0.2, 0.3)}, r"mean has 3 values: give 1, or one per channel \(1\)"),
        ({"std": (1.0, 0.0, 1.0)}, "every standard deviation must be above 0"),
    ],
)
def test_a_mean_or_std_that_does_not_fit_is_one_clear_line(declared, says):
    with pytest.raises(UserError, match=says):
        prepare(NOISE, Input(size=(8, 8), **declared))


class Album:
    """Images that count how often they are asked for; image 7 may be missing."""

    def __init__(self, missing=None):
        self.asked = []
        self.missing = missing

    def image(self, index):
        self.asked.append(int(index))
        if index == self.missing:
            raise UserError(f"image {index} is gone")
        return np.full((4, 4, 3), index, np.uint8)


DECLARED = Input(size=(4, 4), range=(0, 255))


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
def test_batches_keep_the_order_asked_for(batch_size):
    indices = RNG.permutation(10)
    found = list(batches(Album(), indices, DECLARED, batch_size))
    assert [len(batch) for batch in found[:-1]] == [batch_size] * (len(found) - 1)
    np.testing.assert_array_equal(np.concatenate(found)[:, 0, 0, 0], indices)


def test_no_images_give_no_batches():
    assert list(batches(Album(), [], DECLARED, 4)) == []


def test_only_the_next_batch_is_prepared_ahead():
    album = Album()
    stream = batches(album, range(100), DECLARED, 10)
    next(stream)
    stream.close()  # waits for the batch under way
    assert album.asked == list(range(20))


def test_the_next_batch_is_prepared_while_this_one_is_used():
    started = threading.Event()

    class Watched(Album):
        def image(self, index):
            if index == 1:
                started.set()
            return super().image(index)

    stream = batches(Watched(), range(3), DECLARED, 1)
    next(stream)
    assert started.wait(timeout=180)
    stream.close()


def test_an_image_that_cannot_be_read_ends_the_batches_with_its_own_line():
    with pytest.raises(UserError, match="image 7 is gone"):
        list(batches(Album(missing=7), range(10), DECLARED, 4))
