"""OpenVINO models: two files are one model, and only OpenVINO's own operations are run."""

import shutil

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import open_model
from ferspec.subjects.models.detect import detect
from ferspec.subjects.models.formats import load_model

openvino = pytest.importorskip("openvino", reason="the extra 'openvino' is not installed")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The two files of a network that averages images, and gives seven channels of 1 × 1 pixels."""
    operations = openvino.opset13
    images = operations.parameter([1, 3, 4, 4], np.float32, name="images")
    kernel = operations.constant(np.random.default_rng(0).random((7, 3, 4, 4), np.float32))
    scores = operations.convolution(images, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    folder = tmp_path_factory.mktemp("openvino")
    network = openvino.Model([operations.softmax(scores, 1)], [images], "tiny")
    openvino.save_model(network, folder / "tiny.xml", compress_to_fp16=False)
    return folder


@pytest.fixture
def files(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def refusal(path):
    with pytest.raises(UserError) as refused:
        load_model(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_isolated_model_reads_its_weights_and_answers_one_image_at_a_time(files):
    images = np.random.default_rng(1).random((5, 4, 4, 3), np.float32)
    model = open_model(files / "tiny.xml")
    try:
        answers = model.predict(images)
    finally:
        model.close()
    logits = np.einsum("nhwc,kchw->nk", images, np.random.default_rng(0).random((7, 3, 4, 4), np.float32))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(answers, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_digest_covers_both_files(files):
    before = load_model(files / "tiny.xml").digest
    weights = files / "tiny.bin"
    weights.write_bytes(bytes(4) + weights.read_bytes()[4:])
    assert load_model(files / "tiny.xml").digest != before


def test_a_network_without_its_weights_names_them(files):
    (files / "tiny.bin").unlink()
    assert "put its weights, tiny.bin, beside it" in refusal(files / "tiny.xml")


def test_weights_of_another_network_are_named_by_the_last_line_of_the_error(files):
    (files / "tiny.bin").write_bytes(bytes(8))
    assert refusal(files / "tiny.xml").endswith("Incorrect weights in bin file!")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('type="Convolution" version="opset1"', 'type="Convolution" version="mine"', "Convolution of mine"),
        ('type="Convolution" version="opset1"', 'type="Convolution"', "Convolution of no set"),
        ('type="Convolution"', 'type="Fold"', "operation with type: Fold"),
        ("<net ", '<!DOCTYPE net [<!ENTITY a "aaaa">]><net ', "does not hold OpenVINO data"),
    ],
)
def test_what_is_not_of_openvinos_own_sets_is_refused(files, old, new, says):
    network = files / "tiny.xml"
    assert old in network.read_text()
    network.write_text(network.read_text().replace(old, new))
    assert says in refusal(network)


def test_a_folder_is_answered_with_the_file_to_give(files):
    with pytest.raises(UserError, match=r"is a folder with an OpenVINO model: give .*tiny\.xml"):
        detect(files)
