"""How sharp, flat and free of text a face is, and what is decided by it."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ferspec.collection.faces import Box, Face, cut, overlap, widened
from ferspec.collection.measures import flatness, sharpness, text_share
from ferspec.collection.stages.deciding import decide_crop, decide_picture
from ferspec.collection.stages.measuring import Measures
from ferspec.collection.thresholds import thresholds
from helpers.photo_sources import faces

REVIEW = thresholds().review


@pytest.fixture(scope="module")
def photograph():
    """The face of scikit-image's photograph of an astronaut, which is in the public domain."""
    data = pytest.importorskip("skimage.data", reason="scikit-image, which ships the photograph, is not installed")
    return data.astronaut()[64:171, 182:265]


def drawn(text="", size=28):
    """Return a drawing of a face, or the text on a grey ground."""
    image = Image.new("RGB", (200, 200), "white" if not text else (90, 90, 90))
    pen = ImageDraw.Draw(image)
    if text:
        pen.text((5, 90), text, font=ImageFont.load_default(size), fill="white")
    else:
        pen.ellipse((10, 10, 190, 190), fill=(255, 204, 0), outline="black", width=4)
        pen.ellipse((60, 60, 80, 90), fill="black")
        pen.ellipse((120, 60, 140, 90), fill="black")
    return np.asarray(image)


def test_blur_is_below_the_threshold_and_the_photograph_above(photograph):
    assert sharpness(photograph) > REVIEW.sharpness
    assert sharpness(cv2.GaussianBlur(photograph, (0, 0), 2)) < REVIEW.sharpness


def test_a_drawing_is_above_the_threshold_also_as_jpeg_and_the_photograph_below(photograph):
    packed = cv2.imdecode(cv2.imencode(".jpg", drawn(), [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)
    assert min(flatness(drawn()), flatness(packed)) > REVIEW.flatness > flatness(photograph)


def test_a_caption_is_above_the_threshold_and_the_photograph_below(photograph):
    assert text_share(drawn("stock photo")) > REVIEW.text > text_share(photograph)


def test_few_rendered_faces_look_like_drawings_text_or_blur():
    found = [face for _, _, face in faces(3)]
    assert sum(text_share(face) > REVIEW.text for face in found) <= 1
    assert all(sharpness(face) > REVIEW.sharpness and flatness(face) < REVIEW.flatness for face in found)


def test_each_measure_would_show_at_most_1_in_100_of_the_released_faces_of_btfer(reference):
    with np.load(reference / "faces" / "btfer48_sample.npz") as sample:
        images = sample["images"]
    blurred = sum(sharpness(image) < REVIEW.sharpness for image in images)
    drawings = sum(flatness(image) > REVIEW.flatness for image in images)
    captions = sum(text_share(image) > REVIEW.text for image in images)
    assert max(blurred, drawings, captions) <= len(images) / 100


def measures(**changes):
    face = Face(Box(10, 10, 90, 90), 0.99)
    values = {"height": 100, "width": 100, "first": (face,), "second": (face,), "sharpness": 99.0}
    return Measures(**{**values, "flatness": 0.0, "text": 0.0, **changes})


FACE, SMALL = Face(Box(10, 10, 90, 90), 0.99), Face(Box(0, 0, 47, 80), 0.99)


@pytest.mark.parametrize(
    ("changes", "decision", "reason"),
    [
        ({}, "keep", ""),
        ({"first": (), "second": ()}, "drop", "no face"),
        ({"first": (SMALL,), "second": (SMALL,)}, "drop", "the face has 47 pixels"),
        ({"first": (Face(Box(200, 200, 300, 300), 1.0),)}, "drop", "outside the picture"),
        ({"second": ()}, "review", "only the first detector"),
        ({"first": ()}, "review", "only the second detector"),
        ({"first": (FACE, SMALL)}, "review", "2 faces"),
        ({"flatness": 0.5}, "review", "a drawing"),
        ({"text": 0.02}, "review", "text over the face"),
        ({"sharpness": 10.0}, "review", "blurred"),
    ],
)
def test_each_fault_of_a_picture_is_decided_with_its_reason(changes, decision, reason):
    found = decide_picture(measures(**changes), thresholds())
    assert found.decision == decision
    assert reason in found.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"first": (Face(Box(10, 10, 90, 90), 0.9),)}, "not certain"),
        ({"second": (Face(Box(60, 10, 140, 90), 0.99),)}, "overlap by 0.23"),
        ({"first": (Face(Box(-20, 10, 90, 90), 0.99),)}, "18% of the face"),
    ],
)
def test_a_doubtful_box_goes_to_a_reviewer(changes, reason):
    found = decide_crop(measures(**changes), thresholds())
    assert found.decision == ("review" if reason else "keep")
    assert reason in found.reason


def test_a_box_is_widened_by_20_pixels_and_ends_at_the_border():
    assert widened(Box(30, 40, 60, 80), 200, 300) == (10, 20, 80, 100)
    assert widened(Box(5, 10, 290, 195), 200, 300) == (0, 0, 300, 200)
    assert cut(np.zeros((200, 300, 3), np.uint8), Box(5, 10, 290, 195)).shape == (256, 256, 3)


def test_the_overlap_of_boxes_is_their_intersection_over_union():
    assert overlap(Box(0, 0, 10, 10), Box(0, 0, 10, 10)) == 1
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap(Box(0, 0, 10, 10), Box(10, 0, 20, 10)) == 0
