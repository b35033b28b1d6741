"""Calibration pictures: no test picture is among them, in whatever size or compression."""

import cv2
import numpy as np
import pytest

from ferspec.edge import calibration
from ferspec.edge.calibration import decided, kept_apart, open_calibration
from ferspec.errors import UserError
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models.contracts.contract import Input


def picture(seed):
    """Return a picture (64, 64, 3) with detail at every scale, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(0, 1, (side, side, 3)), (64, 64), interpolation=cv2.INTER_CUBIC) for side in (4, 8, 16)
    ]
    mixed = sum(layers)
    return np.clip(128 + 45 * mixed, 0, 255).astype(np.uint8)


def save(folder, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in pictures.items():
        cv2.imwrite(str(folder / name), image)
    return folder


@pytest.fixture
def test_images(tmp_path):
    for index, label in enumerate(("Happy", "Sad", "Angry")):
        save(tmp_path / "test" / label, {f"{index}{place}.png": picture(10 * index + place) for place in range(4)})
    return open_dataset(tmp_path / "test")


def test_other_pictures_are_all_used_whatever_their_folders(tmp_path, test_images):
    save(tmp_path / "cal" / "deep" / "er", {"x.png": picture(101)})
    save(tmp_path / "cal", {"y.png": picture(102)})
    found = kept_apart(open_calibration(tmp_path / "cal"), test_images)
    assert (found.about.name, found.about.found, found.about.images, found.about.left_out) == ("cal", 2, 2, ())
    prepared = found.prepared(Input(size=(8, 8), range=(-1, 1)))
    assert (prepared.shape, prepared.dtype) == ((2, 8, 8, 3), np.float32)
    assert -1 <= prepared.min() < prepared.max() <= 1


def test_the_same_pixels_in_another_file_are_refused_with_both_names(tmp_path, test_images):
    # a bitmap has other bytes, and the same pixels
    save(tmp_path / "cal", {"copy.bmp": picture(11), "other.png": picture(103)})
    with pytest.raises(UserError, match=r"1 of 2 calibration pictures are .* too \(copy\.bmp = Sad/11\.png\)"):
        kept_apart(open_calibration(tmp_path / "cal"), test_images)


def test_a_test_picture_in_another_size_is_left_out_and_named(tmp_path, test_images):
    smaller = cv2.resize(picture(2), (48, 48), interpolation=cv2.INTER_AREA)
    save(tmp_path / "cal", {"small.jpg": smaller, "other.png": picture(104)})
    found = kept_apart(open_calibration(tmp_path / "cal"), test_images)
    assert found.about.left_out == ("small.jpg, a copy of Happy/02.png",)
    assert found.images.ids == ("other.png",)
    assert "1 (small.jpg, a copy of Happy/02.png)" in " ".join(decided(found.about))


def test_only_copies_of_test_pictures_leave_nothing(tmp_path, test_images):
    save(tmp_path / "cal", {"small.jpg": cv2.resize(picture(2), (48, 48), interpolation=cv2.INTER_AREA)})
    with pytest.raises(UserError, match=r"every calibration picture is a copy of .* \(small\.jpg and Happy"):
        kept_apart(open_calibration(tmp_path / "cal"), test_images)


def test_many_pictures_are_drawn_from(tmp_path, test_images, monkeypatch):
    monkeypatch.setattr(calibration, "MOST", 3)
    save(tmp_path / "cal", {f"{index}.png": picture(200 + index) for index in range(5)})
    found = kept_apart(open_calibration(tmp_path / "cal"), test_images)
    assert (found.about.images, found.about.found) == (3, 5)
    assert decided(found.about) == ("calibration: 3 pictures of cal, drawn from 5",)
    assert kept_apart(open_calibration(tmp_path / "cal"), test_images).about == found.about


@pytest.mark.parametrize(("name", "said"), [("absent", "no such folder"), ("empty", "holds no pictures")])
def test_a_folder_without_pictures_is_one_line(tmp_path, name, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("none here")
    with pytest.raises(UserError, match=said):
        open_calibration(tmp_path / name)
