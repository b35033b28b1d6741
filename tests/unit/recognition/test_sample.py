"""The shipped list of BTFER's pictures, and the faces of the sample that are on it."""

import hashlib
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from ferspec import spec
from ferspec.spec import SpecError, loader
from ferspec.spec.pictures import FOLDER, PUBLISHED, REDUCED, pictures
from ferspec.subjects.datasets.recognition.reduce import READINGS, block_hash, lattice, reductions

CLASSES = spec.load().classes
# in BTFER's size, the places at which the floor of (i + 0.5) · 256 / 48 lies above what Pillow takes
TIES = [4, 16, 19, 22, 25]


@pytest.fixture(scope="module")
def sample(reference):
    with np.load(reference / "faces" / "btfer48_sample.npz") as arrays:
        return arrays["images"], arrays["labels"]


def enlarged(face):
    """Return a face at 256 × 256 that nearest neighbour shrinks to itself."""
    nearest = np.arange(256) * 48 // 256
    return face[np.ix_(nearest, nearest)]


def test_every_face_of_the_sample_is_listed_under_its_label_in_both_readings(sample):
    listed = {picture.sha256_rgb48: picture for picture in pictures().reduced}
    for face, label in zip(*sample, strict=True):
        for reduction in reductions(enlarged(face), CLASSES[label]).values():
            known = listed[reduction.sha256_rgb48]
            assert reduction.sha256_rgb48_label in known.labelled
            assert reduction.bits256 == known.bits256


def test_no_face_of_the_sample_is_listed_under_a_class_of_no_picture(sample):
    listed = {picture.sha256_rgb48: picture for picture in pictures().reduced}
    confirmed = [
        sum(hashlib.sha256(face.tobytes() + name.encode()).hexdigest() in known.labelled for name in CLASSES)
        for face in sample[0]
        if (known := listed[hashlib.sha256(face.tobytes()).hexdigest()])
    ]
    assert set(confirmed) == {1, 2}


def test_the_list_holds_digests_only():
    text = (loader.DATA / FOLDER / REDUCED).read_text()
    assert len(pictures().reduced) == 2043
    assert sum(len(picture.labelled) for picture in pictures().reduced) == 2051
    assert all(re.fullmatch(r"[0-9a-f|,]+", line) for line in text.splitlines()[1:])


def test_the_list_is_part_of_the_digest_of_the_specification(tmp_path):
    for name in (REDUCED, PUBLISHED):
        (tmp_path / name).write_bytes((loader.DATA / FOLDER / name).read_bytes())
    before = loader.digest(tmp_path)
    (tmp_path / PUBLISHED).write_text(f"sha256_file_label,sha256_pixels_label\n{'0' * 64},\n")
    assert loader.digest(tmp_path) != before


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("abc,", "published.csv: line 2: sha256_file_label"),
        (f"{'0' * 64},{'1' * 64},2", "published.csv: line 2: a column too many"),
        (",", "published.csv: line 2: the line is blank"),
        (f"{'0' * 64},\n{'0' * 64},", "published.csv: line 3: a digest occurs twice"),
    ],
)
def test_a_malformed_list_is_one_line(tmp_path, row, says):
    (tmp_path / REDUCED).write_bytes((loader.DATA / FOLDER / REDUCED).read_bytes())
    (tmp_path / PUBLISHED).write_text(f"sha256_file_label,sha256_pixels_label\n{row}\n")
    with pytest.raises(SpecError, match=re.escape(says)):
        pictures(tmp_path)


def test_the_readings_of_the_ties_are_those_of_pillow_and_of_the_formula():
    places = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    pillow = np.asarray(Image.fromarray(places).resize((48, 48), Image.Resampling.NEAREST))[0]
    exact = cv2.resize(places, (48, 48), interpolation=cv2.INTER_NEAREST_EXACT)[0]
    formula = [int((index + 0.5) * 256 / 48) for index in range(48)]
    assert lattice("pillow").tolist() == pillow.tolist() == exact.tolist()
    assert lattice("floor").tolist() == formula
    assert np.flatnonzero(pillow != formula).tolist() == TIES


def test_the_hash_marks_the_blocks_above_the_median():
    image = np.zeros((48, 48, 3), np.uint8)
    image[:3, :6] = 200
    image[27:] = 100
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(block_hash(image)), np.uint8)).reshape(16, 16)
    assert bits[0].tolist() == [1, 1] + [0] * 14
    assert bits[9:].all()
    assert not bits[1:9].any()


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("grey", [0, 77, 255])
def test_a_flat_picture_agrees_with_its_lattice(grey, reading):
    assert reductions(np.full((256, 256, 3), grey, np.uint8), "Sad")[reading].disagreement == 0


def test_the_disagreement_is_the_difference_of_area_means_relative_to_detail():
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    kept = lattice("floor")
    shrunk = image[np.ix_(kept, kept)].astype(float)
    area = cv2.resize(image.astype(np.float64), (48, 48), interpolation=cv2.INTER_AREA)
    detail = np.concatenate([np.abs(np.diff(shrunk, axis=axis)).ravel() for axis in (0, 1)]).mean()
    expected = np.abs(area - shrunk).mean() / (1 + detail)
    assert reductions(image, "Sad")["floor"].disagreement == pytest.approx(expected, abs=1e-5)


def test_photographs_and_enlarged_faces_agree_with_their_lattice(sample):
    from sklearn.datasets import load_sample_images

    most = spec.load().number("FER-D-14", "most")
    rng = np.random.default_rng(0)
    crops = []
    for photograph in load_sample_images().images:
        for side in rng.integers(60, 420, 20):
            top, left = (int(rng.integers(0, room - side + 1)) for room in photograph.shape[:2])
            crops.append(photograph[top : top + side, left : left + side])
    crops += list(sample[0][::25])
    filters = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA)
    found = [
        reductions(cv2.resize(crop, (256, 256), interpolation=way), "Sad")["pillow"].disagreement
        for crop in crops
        for way in filters
    ]
    assert max(found) < 0.65 < most
