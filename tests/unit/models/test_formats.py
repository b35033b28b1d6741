"""One tiny network in every model format answers like plain NumPy."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models.formats import load_model

HEIGHT, WIDTH, CHANNELS, FILTERS = 9, 7, 3, 5
RNG = np.random.default_rng(20240607)
KERNEL = RNG.normal(0, 0.4, (3, 3, CHANNELS, FILTERS)).astype(np.float32)
BIAS = RNG.normal(0, 0.1, FILTERS).astype(np.float32)
DENSE = RNG.normal(0, 1.5, (FILTERS, 7)).astype(np.float32)
OFFSET = RNG.normal(0, 0.1, 7).astype(np.float32)
IMAGES = RNG.uniform(0, 1, (37, HEIGHT, WIDTH, CHANNELS)).astype(np.float32)

TOLERANCE = {"tflite-float16": 5e-3, "tflite-int8": 0.05, "tflite-uint8": 0.05}
FORMATS = {
    "keras": "keras",
    "keras-h5": "keras-h5",
    "keras-2.0": "keras-h5",
    "savedmodel": "savedmodel",
    "tflite": "tflite",
    "tflite-one": "tflite",
    "tflite-float16": "tflite",
    "tflite-int8": "tflite",
    "tflite-uint8": "tflite",
    "onnx-nchw": "onnx",
    "onnx-nhwc": "onnx",
    "onnx-four": "onnx",
    "torchscript": "torchscript",
    "openvino": "openvino",
}
CHANNELS_FIRST = {"onnx-nchw", "onnx-four", "openvino"}
# formats of several files
SEVERAL = {"savedmodel", "openvino"}
ALONE = [kind for kind in FORMATS if kind not in SEVERAL]


def by_hand(images):
    """Convolution, ReLU, mean over the image, dense, softmax, in double precision."""
    windows = np.lib.stride_tricks.sliding_window_view(images.astype(np.float64), (3, 3), axis=(1, 2))
    features = np.maximum(np.einsum("nhwcij,ijck->nhwk", windows, KERNEL) + BIAS, 0).mean(axis=(1, 2))
    logits = features @ DENSE + OFFSET
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Network:
    """Writes the tiny network in each format, once, into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Path] = {}

    def __getitem__(self, kind: str) -> Path:
        if kind not in self.files:
            family, _, variant = kind.partition("-")
            self.files[kind] = getattr(self, family)(variant)
        return self.files[kind]

    def network(self, batch=None):
        import keras

        layers = keras.layers
        network = keras.Sequential(
            [
                keras.Input((HEIGHT, WIDTH, CHANNELS), batch_size=batch),
                layers.Conv2D(FILTERS, 3, activation="relu", name="convolution"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(7, activation="softmax", name="dense"),
            ]
        )
        network.set_weights([KERNEL, BIAS, DENSE, OFFSET])
        return network

    def keras(self, variant):
        if variant == "2.0":
            return keras_2_file(self.folder / "old.hdf5")
        path = self.folder / ("tiny.h5" if variant == "h5" else "tiny.keras")
        network = self.network()
        network.compile("adam", "categorical_crossentropy")
        network.save(path)
        return path

    def savedmodel(self, _):
        self.network().export(self.folder / "saved", verbose=False)
        return self.folder / "saved"

    def tflite(self, variant):
        import tensorflow as tf

        converter = tf.lite.TFLiteConverter.from_keras_model(self.network(batch=1 if variant == "one" else None))
        if variant in {"float16", "int8", "uint8"}:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if variant in {"int8", "uint8"}:
            converter.representative_dataset = lambda: ([image[None]] for image in IMAGES)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = getattr(tf, variant)
        path = self.folder / f"tiny{variant}.tflite"
        path.write_bytes(converter.convert())
        return path

    def onnx(self, variant):
        onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
        pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
        path = self.folder / f"{variant}.onnx"
        onnx.save_model(onnx_network(variant, properties={"names": str(dict(enumerate("abcdefg")))}), path)
        return path

    def openvino(self, _):
        openvino = pytest.importorskip("openvino", reason="the extra 'openvino' is not installed")
        path = self.folder / "tiny.xml"
        openvino.save_model(openvino.convert_model(self["onnx-nchw"]), path, compress_to_fp16=False)
        return path

    def torchscript(self, _):
        torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")
        network = torch.nn.Sequential(
            torch.nn.Conv2d(CHANNELS, FILTERS, 3),
            torch.nn.ReLU(),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(FILTERS, 7),
            torch.nn.Softmax(1),
        ).eval()
        weights = (KERNEL.transpose(3, 2, 0, 1).copy(), BIAS, DENSE.T.copy(), OFFSET)
        with torch.no_grad():
            for parameter, value in zip(network.parameters(), weights, strict=True):
                parameter.copy_(torch.from_numpy(value))
        path = self.folder / "tiny.pt"
        torch.jit.trace(network, torch.zeros(1, CHANNELS, HEIGHT, WIDTH)).save(str(path))
        return path


def keras_2_file(path):
    """Write the file that Keras 2.0 wrote: a list of layers, ``batch_input_shape``, an optimizer with ``lr``."""
    import h5py

    zeros = {"class_name": "Zeros", "config": {}}
    layers = [
        {
            "class_name": "Conv2D",
            "config": {
                "name": "conv2d_1",
                "batch_input_shape": [None, HEIGHT, WIDTH, CHANNELS],
                "filters": FILTERS,
                "kernel_size": [3, 3],
                "activation": "relu",
                "bias_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}},
            },
        },
        {"class_name": "GlobalAveragePooling2D", "config": {"name": "pool_1"}},
        {"class_name": "Dense", "config": {"name": "dense_1", "units": 7, "bias_initializer": zeros}},
        {"class_name": "Activation", "config": {"name": "predictions", "activation": "softmax"}},
    ]
    weights = {
        "conv2d_1": {"conv2d_1/kernel:0": KERNEL, "conv2d_1/bias:0": BIAS},
        "pool_1": {},
        "dense_1": {"dense_1/kernel:0": DENSE, "dense_1/bias:0": OFFSET},
        "predictions": {},
    }
    adam = {"class_name": "Adam", "config": {"lr": 1e-4, "decay": 0.0, "epsilon": 1e-8}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.0.5"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers}).encode()
        file.attrs["training_config"] = json.dumps({"optimizer_config": adam, "loss": "mse"}).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, values in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [name.encode() for name in values]
            for name, value in values.items():
                inner[name] = value
    return path


def onnx_network(variant, properties=()):
    """Return the tiny network as ONNX: ``nchw``, ``nhwc`` (transposed inside), or ``four`` images at a time."""
    from onnx import TensorProto, helper, numpy_helper

    batch = 4 if variant == "four" else "n"
    first = variant != "nhwc"
    shape = [batch, CHANNELS, HEIGHT, WIDTH] if first else [batch, HEIGHT, WIDTH, CHANNELS]
    weights = {"kernel": KERNEL.transpose(3, 2, 0, 1), "bias": BIAS, "dense": DENSE, "offset": OFFSET}
    nodes = [] if first else [helper.make_node("Transpose", ["images"], ["turned"], perm=[0, 3, 1, 2])]
    nodes += [
        helper.make_node("Conv", ["images" if first else "turned", "kernel", "bias"], ["convolved"]),
        helper.make_node("Relu", ["convolved"], ["rectified"]),
        helper.make_node("GlobalAveragePool", ["rectified"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Gemm", ["features", "dense", "offset"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 7])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(properties))
    return model


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    return Network(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_answers_as_numpy_computes_it(network, kind):
    model = load_model(network[kind])
    assert model.format == FORMATS[kind]
    for batch in (IMAGES[:1], IMAGES, IMAGES[:5]):
        answer = model.predict(batch)
        assert answer.dtype == np.float32
        np.testing.assert_allclose(answer, by_hand(batch), atol=TOLERANCE.get(kind, 2e-6))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_signature_is_read_from_the_file(network, kind):
    signature = load_model(network[kind]).signature
    torch = kind == "torchscript"
    shape = (None, None, CHANNELS) if torch else (HEIGHT, WIDTH, CHANNELS)
    assert (signature.height, signature.width, signature.channels) == shape
    assert signature.layout == ("channels_first" if torch or kind in CHANNELS_FIRST else "channels_last")
    assert signature.batch == {"tflite-one": 1, "onnx-four": 4}.get(kind)
    assert signature.output_width == (None if torch else 7)
    assert signature.activation == ("unknown" if torch or kind == "savedmodel" else "softmax")
    assert signature.dtype == {"tflite-int8": "int8", "tflite-uint8": "uint8"}.get(kind, "float32")
    assert signature.labels == (tuple("abcdefg") if kind.startswith("onnx") else None)
    if kind in {"tflite-int8", "tflite-uint8"}:
        np.testing.assert_allclose(signature.range, (0, 1), atol=0.01)
    else:
        assert signature.range is None


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "savedmodel"])
def test_the_cost_of_an_image_is_counted_from_the_file(network, kind):
    model = load_model(network[kind])
    image = (HEIGHT, WIDTH, CHANNELS)
    cost = model.count_cost((CHANNELS, HEIGHT, WIDTH) if model.signature.layout == "channels_first" else image)
    places = (HEIGHT - 2) * (WIDTH - 2)
    assert cost.parameters == KERNEL.size + BIAS.size + DENSE.size + OFFSET.size
    assert cost.multiply_adds == places * KERNEL.size + DENSE.size


@pytest.mark.parametrize("kind", [*ALONE, "savedmodel"])
def test_the_format_does_not_depend_on_the_file_name(network, kind, tmp_path):
    source = network[kind]
    renamed = tmp_path / "model.bin"
    (shutil.copytree if source.is_dir() else shutil.copyfile)(source, renamed)
    np.testing.assert_array_equal(load_model(renamed).predict(IMAGES), load_model(source).predict(IMAGES))


@pytest.mark.parametrize("kind", ALONE)
def test_the_digest_of_a_file_is_that_of_its_bytes(network, kind):
    path = network[kind]
    assert load_model(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_digest_of_a_folder_sees_every_byte_and_name_but_not_its_place(network, tmp_path):
    copy = shutil.copytree(network["savedmodel"], tmp_path / "elsewhere")
    original = load_model(network["savedmodel"]).digest
    assert load_model(copy).digest == original
    (copy / "assets" / "note.txt").write_text("")
    assert load_model(copy).digest != original


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "savedmodel"])
@pytest.mark.parametrize("share", [0, 0.3, 0.95])
def test_a_truncated_file_is_one_line(network, kind, share, tmp_path):
    content = network[kind].read_bytes()
    broken = tmp_path / network[kind].name
    broken.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError) as caught:
        load_model(broken)
    message = str(caught.value)
    assert broken.name in message
    assert "\n" not in message
    assert ("empty" in message) == (share == 0)


@pytest.mark.parametrize(
    "part", ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
)
@pytest.mark.parametrize("share", [0, 0.5])
def test_a_truncated_savedmodel_is_one_line(network, part, share, tmp_path):
    broken = shutil.copytree(network["savedmodel"], tmp_path / "saved")
    content = (broken / part).read_bytes()
    (broken / part).write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="saved ") as caught:
        load_model(broken)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_a_model_is_one_line(tmp_path):
    contents = {
        "face.h5": (b"\xff\xd8\xff\xe0" + bytes(100), "not a model but a JPEG"),
        "notes.onnx": (b"just some words", "does not hold ONNX data, as its name says"),
        "notes.keras": (b"just some words", "does not hold Keras data, as its name says"),
        "frozen.pb": (b"\x0a\x05words", "give the SavedModel folder"),
        "unknown": (b"just some words", "not a model of a supported format"),
        "array.npy": (b"\x93NUMPY\x01\x00", "a NumPy array"),
    }
    for name, (content, words) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=words):
            load_model(tmp_path / name)
    with pytest.raises(UserError, match="no such model"):
        load_model(tmp_path / "missing.keras")
    with pytest.raises(UserError, match=r"neither a TensorFlow SavedModel .* nor a Hugging Face model"):
        load_model(tmp_path)


@pytest.mark.parametrize("kind", ["keras", "savedmodel", "tflite", "onnx-nchw", "torchscript", "openvino"])
def test_a_crash_inside_the_model_fails_the_subject_in_one_line(network, kind):
    model = load_model(network[kind])
    with pytest.raises(SubjectError, match="crashed on a batch of shape") as caught:
        model.predict(np.zeros((2, HEIGHT, WIDTH, CHANNELS + 1), np.float32))
    assert "\n" not in str(caught.value)


def test_opening_and_running_a_model_writes_nothing_to_the_terminal(network, capfd):
    for kind in ("keras", "keras-2.0", "savedmodel", "tflite"):
        path = network[kind]
        capfd.readouterr()
        load_model(path).predict(IMAGES[:2])
        assert capfd.readouterr() == ("", "")


def test_labels_packed_into_a_tflite_file_are_read(network, tmp_path):
    path = shutil.copyfile(network["tflite"], tmp_path / "labelled.tflite")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "angry\r\nsad\n\n")
    model = load_model(path)
    assert model.signature.labels == ("angry", "sad")
    np.testing.assert_allclose(model.predict(IMAGES), by_hand(IMAGES), atol=2e-6)


@pytest.mark.parametrize("damage", ["encrypted", "broken"])
def test_labels_in_a_tflite_file_that_cannot_be_read_are_one_line(network, tmp_path, damage):
    path = shutil.copyfile(network["tflite"], tmp_path / "labelled.tflite")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", "angry\nsad\n" * 9)
    content = bytearray(path.read_bytes())
    local, directory = content.rindex(b"PK\x03\x04"), content.rindex(b"PK\x01\x02")
    if damage == "encrypted":
        content[local + 6] |= 1
        content[directory + 8] |= 1
    else:
        content[local + 40] = 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"labelled\.tflite cannot be loaded as TFLite") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{"²": "a", "1": "b", "0": "c"}', ("a", "c", "b")),
        (f'{{"{"9" * 5000}": "a", "1": "b"}}', ("a", "b")),
        ("{[]: 1}", ("{[]: 1}",)),
        ('["a\\nb", "\\ud800", "\\u001b[31mred"]', ("a b", "", "[31mred")),
    ],
    ids=["a digit that is not a number", "a number too long", "no literal", "signs that no report could hold"],
)
def test_labels_of_any_kind_in_an_onnx_file_are_read_in_printable_form(tmp_path, text, labels):
    onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    onnx.save_model(onnx_network("nchw", properties={"names": text}), tmp_path / "labels.onnx")
    assert load_model(tmp_path / "labels.onnx").signature.labels == labels


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_an_onnx_model_without_inputs_or_outputs_is_one_line(tmp_path, side):
    onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    model = onnx_network("nchw")
    if side == "inputs":
        del model.graph.input[:]
        images = onnx.numpy_helper.from_array(np.zeros((1, CHANNELS, HEIGHT, WIDTH), np.float32), "images")
        model.graph.initializer.append(images)
    else:
        del model.graph.output[:]
    onnx.save_model(model, tmp_path / "none.onnx")
    with pytest.raises(UserError, match=r"none\.onnx"):
        load_model(tmp_path / "none.onnx")
