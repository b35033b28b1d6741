"""FER-I-01, FER-I-02: copies of pictures are found, whatever was changed, and other pictures are not."""

import numpy as np
import pytest

from ferspec.reference.augmentation.parameters import parameters_from
from ferspec.reference.augmentation.warp import augmented
from ferspec.subjects.datasets.copies import find_copies
from ferspec.synthetic import synthetic_images

SIDE = 64


@pytest.fixture(scope="session")
def faces():
    return [image.pixels for image in synthetic_images(4, SIDE, seed=17)]


def changed(images, seed=0):
    """Return images changed by the protocol's augmentation."""
    uniform = np.random.default_rng(seed).random((len(images), 7))
    result = augmented(np.stack(images), parameters_from(uniform, (SIDE, SIDE)))
    return list(np.rint(result).clip(0, 255).astype(np.uint8))


def pairs(copies):
    return [(copy.first, copy.second) for copy in copies]


def test_different_faces_are_not_copies(faces):
    assert find_copies(faces) == ()


def test_every_augmented_face_is_found_and_no_other(faces):
    found = find_copies(faces, changed(faces))
    assert pairs(found) == [(number, number) for number in range(len(faces))]
    assert {copy.kind for copy in found} == {"changed copy"}


def test_equal_pixels_are_the_same_picture(faces):
    [copy] = find_copies([*faces, faces[3].copy()])
    assert (copy.first, copy.second, copy.kind, copy.similarity) == (3, len(faces), "same pixels", 1.0)


def test_nothing_is_found_among_images_without_contrast(faces):
    assert find_copies(faces, [np.zeros((SIDE, SIDE, 3), np.uint8)] * 3) == ()
