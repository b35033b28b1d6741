"""FER-I-01, FER-I-02: copies of pictures are found, whatever was changed, and other pictures are not."""

import cv2
import numpy as np
import pytest

from ferspec.reference.augmentation.parameters import Parameters, parameters_from
from ferspec.reference.augmentation.warp import augmented
from ferspec.subjects.datasets.copies import find_copies
from ferspec.synthetic import synthetic_images

SIDE = 64
# of the rendered faces, which are smoother and more alike than photographs
LEAST = 0.9


@pytest.fixture(scope="session")
def faces():
    return [image.pixels for image in synthetic_images(4, SIDE, seed=17)]


def warped(images, parameters):
    return list(np.rint(augmented(np.stack(images), parameters)).clip(0, 255).astype(np.uint8))


def changed(images, seed=0):
    """Return images changed by the protocol's augmentation."""
    return warped(images, parameters_from(np.random.default_rng(seed).random((len(images), 7)), (SIDE, SIDE)))


def moved(images, rotation=0.0, shift=0.0, zoom=1.0):
    """Return images of which all are moved alike; the shift is a share of the width."""
    each = np.ones(len(images))
    zooms = np.stack([each * zoom] * 2, axis=1)
    return warped(images, Parameters(rotation * each, shift * SIDE * each, 0 * each, zooms, each < 0))


def compressed(image, quality=50):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def marked(image):
    """Return an image with half-transparent words across it."""
    words = cv2.putText(image.copy(), "STOCK", (4, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255))
    return cv2.addWeighted(image, 0.5, words, 0.5, 0)


def each(change):
    return lambda images: [change(image) for image in images]


CHANGES = {
    "mirrored": each(lambda image: image[:, ::-1]),
    "recompressed": each(compressed),
    "lighter": each(lambda image: np.clip(image * 1.2, 0, 255).astype(np.uint8)),
    "darker": each(lambda image: (image * 0.8).astype(np.uint8)),
    "of half the size": each(lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
    "of another shape": each(lambda image: cv2.resize(image, (100, 90), interpolation=cv2.INTER_LINEAR)),
    "grey": each(lambda image: np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)),
    "with a watermark": each(marked),
    "cropped": each(lambda image: image[4:60, 5:61]),
    "rotated": lambda images: moved(images, rotation=20.0),
    "shifted": lambda images: moved(images, shift=0.2),
    "magnified": lambda images: moved(images, zoom=0.8),
    "made smaller": lambda images: moved(images, zoom=1.2),
    "augmented": changed,
}


def pairs(copies):
    return [(copy.first, copy.second) for copy in copies]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_no_other_face(faces, change):
    found = find_copies(faces, CHANGES[change](faces))
    assert {copy.second for copy in found if copy.first != copy.second} == set()
    assert len(found) >= LEAST * len(faces)
    assert {copy.kind for copy in found} == {"changed copy"}


def test_different_faces_are_not_copies(faces):
    assert find_copies(faces) == ()


def test_faces_on_one_background_are_not_copies(faces):
    walls = [cv2.copyMakeBorder(face, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=(128,) * 3) for face in faces]
    assert find_copies(walls) == ()


def test_equal_pixels_are_the_same_picture(faces):
    [copy] = find_copies([*faces, faces[3].copy()])
    assert (copy.first, copy.second, copy.kind, copy.similarity) == (3, len(faces), "same pixels", 1.0)


def test_copies_within_a_set_are_pairs_of_a_smaller_and_a_larger_number(faces):
    found = find_copies([*moved(faces[:3], rotation=20.0), *faces])
    assert pairs(found) == [(number, number + 3) for number in range(3)]


def test_the_overlap_is_the_part_that_both_show(faces):
    [copy] = find_copies(faces[:1], moved_by_a_fifth := moved(faces[:1], shift=0.2))
    assert copy.overlap == pytest.approx(0.8, abs=0.05)
    assert find_copies(faces[:1], moved_by_a_fifth)[0] == copy


def test_without_moves_only_copies_in_place_are_found(faces):
    others = [*each(compressed)(faces), *moved(faces, rotation=15.0)]
    assert pairs(find_copies(faces, others, moved=False)) == [(number, number) for number in range(len(faces))]


def test_the_number_of_images_does_not_matter(faces, monkeypatch):
    from ferspec.subjects.datasets.copies import search

    others = changed(faces)
    at_once = find_copies(faces, others)
    monkeypatch.setattr(search, "BLOCK", 5)
    counted = []
    assert pairs(find_copies(faces, others, lambda done, total: counted.append((done, total)))) == pairs(at_once)
    assert counted[0] == (5, len(others))
    assert counted[-1] == (len(others), len(others))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3), (64, 64)])
def test_flat_and_tiny_images_are_only_like_equal_ones(faces, shape):
    flat = np.full((*shape, 3), 90, np.uint8)
    other = np.full((*shape, 3), 91, np.uint8)
    found = find_copies([flat, faces[0]], [other, flat, faces[0][:, ::-1]])
    assert [(copy.first, copy.second, copy.kind) for copy in found] == [
        (0, 1, "same pixels"),
        (1, 2, "changed copy"),
    ]


def test_nothing_is_found_in_nothing(faces):
    assert find_copies([], faces) == find_copies(faces, []) == find_copies([]) == ()


def test_each_other_image_is_asked_for_once_and_in_order(faces):
    asked = []

    class Watched(list):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    find_copies(faces[:2], Watched(faces))
    assert asked == list(range(len(faces)))
