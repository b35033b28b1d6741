"""Each change of an image is what other libraries, or a formula, make of the same image."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from ferspec.checks.model.robustness import pixels
from ferspec.checks.model.robustness.pixels import CHANGES

# what leaves an image as it is, for every change that has such an amount
NEUTRAL = {"nothing": 0, "shrink": 4096, "expose": 0, "shade": 0, "noise": 0, "occlude": 0, "crop": 0, "roll": 0}
AMOUNTS = {
    "nothing": 0,
    "shrink": 24,
    "blur": 4,
    "jpeg": 20,
    "expose": -2,
    "shade": -3,
    "noise": 20,
    "occlude": 20,
    "crop": -20,
    "roll": 20,
    "exchange": 1,
    "gray": 1,
    "bottleneck": 48,
}


def picture(height=64, width=64, seed=0):
    """A smooth picture in colour."""
    smooth = np.random.default_rng(seed).uniform(20, 235, (5, 5, 3)).astype(np.float32)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def rough(height=64, width=64):
    """A picture of independent pixels."""
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def farthest(one, other, edge=0):
    """The largest difference of two pictures, without their edges."""
    inside = slice(edge, -edge or None)
    return np.abs(one[inside, inside].astype(float) - other[inside, inside]).max()


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (48, 48), (60, 100), (300, 280)])
def test_a_changed_image_is_a_picture_and_the_given_one_stays(name, size):
    image = rough(*size)
    image.flags.writeable = False
    result = CHANGES[name](image, AMOUNTS[name])
    assert (result.ndim, result.shape[2], result.dtype) == (3, 3, np.uint8)
    assert result.shape[:2] == ((48, 48) if name == "bottleneck" else size)


def test_every_change_of_the_data_but_the_resize_filter_is_made():
    from ferspec.spec.conditions import conditions

    assert {one.change for one in conditions()} - {"resize"} == set(CHANGES) == set(AMOUNTS)


@pytest.mark.parametrize(("name", "amount"), NEUTRAL.items())
def test_a_change_of_severity_0_leaves_every_pixel(name, amount):
    assert np.array_equal(CHANGES[name](rough(48, 56), amount), rough(48, 56))


@pytest.mark.parametrize("name", CHANGES)
def test_an_image_is_always_changed_in_the_same_way(name):
    first, _, repeated = (CHANGES[name](image, AMOUNTS[name]) for image in (rough(), picture(), rough()))
    assert np.array_equal(first, repeated)


def test_low_resolution_keeps_the_means_of_blocks():
    image = rough(64, 64)
    blocks = image.reshape(16, 4, 16, 4, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    enlarged = np.asarray(Image.fromarray(blocks).resize((64, 64), Image.Resampling.BILINEAR))
    assert farthest(pixels.shrink(image, 16), enlarged) <= 1


def test_low_resolution_keeps_the_shape_of_an_image_that_is_not_square():
    image = np.repeat(np.arange(0, 120, dtype=np.uint8)[None, :, None], 60, axis=0).repeat(3, axis=2)
    assert np.abs(pixels.shrink(image, 30).astype(int) - image)[:, 4:-4].max() <= 1


@pytest.mark.parametrize(("size", "sigma"), [(256, 4), (64, 16), (128, 3)])
def test_blur_is_scipys_gaussian_in_pixels_of_256(size, sigma):
    image = rough(size, size)
    own = sigma * size / 256
    expected = ndimage.gaussian_filter(image.astype(float), (own, own, 0), mode="reflect", truncate=3.5)
    assert farthest(pixels.blur(image, sigma), expected) <= 2


@pytest.mark.parametrize("quality", [10, 40, 60])
def test_jpeg_is_pillows(quality):
    image, file = picture(64, 80), io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    expected = np.asarray(Image.open(file)).astype(int)
    difference = np.abs(pixels.jpeg(image, quality) - expected)
    assert difference.mean() < 1
    assert np.abs(image - expected).mean() > 2 * difference.mean()


@pytest.mark.parametrize("stops", [-4, -1, 0.5, 2])
def test_exposure_multiplies_linear_light(stops):
    image = rough()
    light = (image / 255) ** 2.2 * 2.0**stops
    assert farthest(pixels.expose(image, stops), 255 * light.clip(0, 1) ** (1 / 2.2)) <= 0.51


def test_light_from_one_side_darkens_the_other_gradually():
    shaded = [pixels.shade(np.full((20, 20, 3), 200 + number, np.uint8), -2) for number in range(30)]
    for number, image in enumerate(shaded):
        row, grey = image[0, :, 0].astype(int), 200 + number
        assert sorted((row[0], row[-1])) == [round(grey * 2 ** (-2 / 2.2)), grey]
        assert (np.diff(row) <= 0).all() or (np.diff(row) >= 0).all()
    assert 5 < sum(image[0, 0, 0] > image[0, -1, 0] for image in shaded) < 25


@pytest.mark.parametrize("sigma", [5, 20])
def test_noise_has_its_deviation_and_no_mean(sigma):
    grey = np.full((200, 200, 3), 128, np.uint8)
    added = pixels.noise(grey, sigma).astype(float) - 128
    assert added.std() == pytest.approx(sigma, rel=0.02)
    assert added.mean() == pytest.approx(0, abs=0.05 * sigma)
    assert np.corrcoef(added.reshape(-1, 3), rowvar=False)[0, 1] == pytest.approx(0, abs=0.03)


def test_two_images_get_different_noise():
    first, second = (pixels.noise(np.full((64, 64, 3), grey, np.uint8), 20).astype(float) - grey for grey in (127, 128))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("percent", [5, 30])
def test_an_occlusion_hides_its_share_of_the_area_and_nothing_else(percent):
    image = rough(100, 60).clip(128, 255)
    covered = pixels.occlude(image, percent)
    hidden = (covered == pixels.GREY).all(axis=2)
    assert hidden.mean() == pytest.approx(percent / 100, abs=0.02)
    assert np.array_equal(covered[~hidden], image[~hidden])
    rows, columns = (np.flatnonzero(hidden.any(axis=axis)) for axis in (1, 0))
    assert hidden[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()


def test_occlusions_are_at_many_places():
    covered = [pixels.occlude(np.full((40, 40, 3), grey, np.uint8), 10) for grey in range(140, 200)]
    corners = {tuple(np.argwhere((image == pixels.GREY).all(axis=2))[0]) for image in covered}
    assert len(corners) > 40


def test_a_tighter_crop_is_the_box_enlarged():
    image = picture(256, 256)
    box = (20, 20, 236, 236)
    expected = np.asarray(Image.fromarray(image).resize((256, 256), Image.Resampling.BILINEAR, box=box))
    assert farthest(pixels.crop(image, -20), expected, edge=2) <= 2


def test_a_wider_crop_shows_the_mirrored_image_beyond_the_edge():
    image = picture(256, 256)
    wide = np.pad(image, ((32, 32), (32, 32), (0, 0)), mode="symmetric").astype(float)
    places = (np.arange(256) + 0.5) * 320 / 256 - 0.5
    rows, columns = np.meshgrid(places, places, indexing="ij")
    channels = [ndimage.map_coordinates(wide[..., channel], (rows, columns), order=1) for channel in range(3)]
    assert farthest(pixels.crop(image, 32), np.stack(channels, axis=2), edge=1) <= 3


@pytest.mark.parametrize("degrees", [5, 30])
def test_a_roll_is_scipys_rotation_in_either_direction(degrees):
    seen = set()
    for seed in range(6):
        image = picture(seed=seed)
        turned = {
            sign: ndimage.rotate(image.astype(float), sign * degrees, reshape=False, order=1, mode="reflect")
            for sign in (1, -1)
        }
        distances = {sign: farthest(pixels.roll(image, degrees), other) for sign, other in turned.items()}
        nearest = min(distances, key=distances.__getitem__)
        assert distances[nearest] <= 4 < distances[-nearest]
        seen.add(nearest)
    assert seen == {1, -1}


def test_red_and_blue_are_exchanged():
    red, green, blue = Image.fromarray(rough()).split()
    assert np.array_equal(pixels.exchange(rough(), 1), np.asarray(Image.merge("RGB", (blue, green, red))))


def test_grey_is_pillows_in_every_channel():
    expected = np.asarray(Image.fromarray(rough()).convert("L"))
    result = pixels.gray(rough(), 1)
    assert farthest(result, expected[..., None].repeat(3, axis=2)) <= 1
    assert np.array_equal(pixels.gray(result, 1), result)


def test_the_bottleneck_is_pillows_nearest_neighbour():
    image = rough(256, 256)
    expected = Image.fromarray(image).resize((48, 48), Image.Resampling.NEAREST)
    assert np.array_equal(pixels.bottleneck(image, 48), np.asarray(expected))
