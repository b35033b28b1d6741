"""Blank corners, as rotations and shifts of torchvision and Pillow leave them, hide no copy."""

import numpy as np
import pytest
from PIL import Image

from ferspec.subjects.datasets.copies import find_copies
from ferspec.subjects.datasets.copies.filling import filled
from ferspec.synthetic import synthetic_images

SIDE = 48


def square(level=120.0):
    return np.full((SIDE, SIDE), level, np.float32)


@pytest.mark.parametrize("blank", [0.0, 255.0])
def test_a_blank_band_is_filled_from_the_nearest_pixels(blank):
    shifted = square()
    shifted[:, :9] = blank
    assert (filled(shifted) == 120).all()


def test_a_dark_place_inside_a_picture_is_not_filled():
    dark = square()
    dark[20:40, 20:40] = 0
    assert filled(dark) is None


@pytest.mark.parametrize("level", [0.0, 120.0, 255.0])
def test_a_square_of_one_level_has_no_blank_corners(level):
    assert filled(square(level)) is None


@pytest.mark.parametrize("fill", ["black", "white"])
def test_faces_rotated_onto_black_or_white_are_found(fill):
    faces = [image.pixels for image in synthetic_images(4, 64, seed=17)]
    angles = np.linspace(-15, 15, len(faces))
    turned = [
        np.asarray(Image.fromarray(face).rotate(angle, Image.Resampling.BILINEAR, fillcolor=fill))
        for face, angle in zip(faces, angles, strict=True)
    ]
    found = find_copies(faces, turned)
    assert all(copy.first == copy.second for copy in found)
    assert len(found) >= 0.95 * len(faces)
