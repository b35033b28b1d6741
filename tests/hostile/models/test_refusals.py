"""Model files that run code, or read outside their folder, are refused before they run."""

import errno
import json
import os
import pickle
import shutil
import sys
import zipfile
from functools import partial

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.keras.config import refuse_code
from helpers import messages
from helpers.onnx_files import onnx_file

IMAGES = np.ones((2, 4, 4, 3), np.float32)
refusal = partial(messages.refusal, load_model)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_keras_lambda_is_refused_and_runs_only_when_trusted(tmp_path, suffix):
    import keras

    path = tmp_path / f"lambda.{suffix}"
    inner = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Lambda(lambda x: x * 2, output_shape=(4, 4, 3))])
    keras.Sequential([keras.Input((4, 4, 3)), inner, keras.layers.GlobalAveragePooling2D()]).save(path)
    message = refusal(path)
    assert "Lambda layer" in message
    assert "--trust-code" in message
    assert load_model(path, trust_code=True).predict(IMAGES).tolist() == [[2, 2, 2], [2, 2, 2]]


def node(class_name, **keys):
    return {"class_name": "Sequential", "config": {"layers": [{"class_name": class_name, "config": {}, **keys}]}}


@pytest.mark.hostile("hostile Keras files")
@pytest.mark.parametrize(
    "config",
    [
        node("__lambda__"),
        node("TFSMLayer", module="keras.layers"),
        node("TorchModuleWrapper", module="keras.layers"),
        node("system", module="os"),
        node("function", module="keras.utils", config="get_file"),
        node("function", module="keras_evil.layers", config="f"),
        node("layers.Lambda", module="keras"),
        node("layers.TFSMLayer", module="keras"),
        node("layers.Dense", module="keras"),
        node("keras>Lambda"),
        node("mine>Block"),
        node("function", module="keras", config="utils.get_file"),
        node("function", module="keras", config="layers.Lambda"),
        node("function", module="keras.layers", config="TFSMLayer"),
        node("function", module="builtins", config="mine>activation"),
        node("Popen", module="builtins"),
        node("Dense", module=[]),
        node("Dense", registered_name={}),
        node("Block", module=None, registered_name="mine>Block"),
        node("Dense", config={"activation": {"class_name": "function", "module": "subprocess", "config": "run"}}),
    ],
    ids=lambda config: json.dumps(config["config"]["layers"][0])[:60],
)
def test_a_configuration_that_reaches_beyond_keras_is_refused(config):
    with pytest.raises(UserError, match=r"model\.keras holds"):
        refuse_code(config, "model.keras")


@pytest.mark.hostile("hostile Keras files")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_lambda_layer_reached_along_dots_is_refused(tmp_path, suffix):
    import h5py
    import keras

    source, path = tmp_path / f"source.{suffix}", tmp_path / f"dots.{suffix}"
    keras.Sequential([keras.Input((4, 4, 3)), keras.layers.ReLU(), keras.layers.GlobalAveragePooling2D()]).save(source)
    function = {"class_name": "function", "module": "keras", "config": "ops.relu", "registered_name": None}
    layer = {"module": "keras", "class_name": "layers.Lambda", "registered_name": None}

    def changed(text):
        config = json.loads(text)
        config["config"]["layers"][1] = {**layer, "config": {"name": "dots", "function": function}}
        return json.dumps(config)

    if suffix == "keras":
        with zipfile.ZipFile(source) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (members | {"config.json": changed(members["config.json"])}).items():
                archive.writestr(name, content)
    else:
        shutil.copyfile(source, path)
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = changed(file.attrs["model_config"])
    assert "Lambda layer" in refusal(path)


def test_keras_own_parts_are_not_refused():
    import keras

    inputs = keras.Input((32, 32, 3))
    body = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))
    grown = keras.layers.Rescaling(1 / 255)(keras.layers.RandomFlip()(inputs))
    grown = keras.ops.mean(body(grown), axis=(1, 2))
    outputs = keras.layers.Dense(7, activation="relu", kernel_regularizer="l2", kernel_initializer="he_normal")(grown)
    network = keras.Model(inputs, outputs)
    network.compile("adam", keras.losses.CategoricalCrossentropy(), [keras.metrics.CategoricalAccuracy()])
    refuse_code(json.loads(json.dumps(keras.saving.serialize_keras_object(network))), "own.keras")


def rezipped(source, target, **extra):
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for info in archive.infolist():
            copy.writestr(info.filename, archive.read(info))
        for name, content in extra.items():
            copy.writestr(name, content)
    return target


@pytest.fixture(scope="module")
def harmless(tmp_path_factory):
    import keras

    path = tmp_path_factory.mktemp("harmless") / "harmless.keras"
    keras.Sequential([keras.Input((4, 4, 3)), keras.layers.GlobalAveragePooling2D()]).save(path)
    return path


@pytest.mark.hostile("hostile Keras files")
@pytest.mark.parametrize(
    "member", ["../outside.txt", "/etc/outside", "assets/../../outside", "..\\outside", "C:\\outside"]
)
def test_an_archive_that_unpacks_outside_is_refused_even_when_trusted(harmless, tmp_path, member):
    trap = rezipped(harmless, tmp_path / "trap.keras", **{member: "x"})
    assert "outside its own folder" in refusal(trap, trust_code=True)


@pytest.mark.hostile("hostile Keras files")
def test_an_archive_that_expands_without_measure_is_refused_even_when_trusted(harmless, tmp_path):
    bomb = rezipped(harmless, tmp_path / "bomb.keras", **{"assets/zeros": bytes(80 * 2**20)})
    assert "far more than its own size" in refusal(bomb, trust_code=True)


class Bomb:
    def __reduce__(self):
        return (print, ("the pickle ran",))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_never_read(tmp_path, protocol, capsys):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Bomb(), protocol))
    for trust_code in (False, True):
        assert "is a pickle" in refusal(path, trust_code)
    assert "the pickle ran" not in capsys.readouterr().out


def test_torch_files_that_are_pickles_are_never_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "state.pt", "w") as archive:
        archive.writestr("state/data.pkl", pickle.dumps(Bomb(), 2))
        archive.writestr("state/version", "3")
    (tmp_path / "old.pt").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
    for name, words in (
        ("state.pt", "is a pickle that holds more than weights"),
        ("old.pt", "cannot be loaded as PyTorch weights"),
    ):
        assert words in refusal(tmp_path / name, trust_code=True)


def test_torchscript_that_writes_files_is_refused_and_runs_only_when_trusted(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")
    monkeypatch.chdir(tmp_path)

    class Writer(torch.nn.Module):
        def forward(self, x):
            torch.save(x, "written.pt")
            return x.mean((2, 3))

    torch.jit.script(Writer()).save("writer.pt")
    assert "aten::save" in refusal(tmp_path / "writer.pt")
    assert not (tmp_path / "written.pt").exists()
    load_model(tmp_path / "writer.pt", trust_code=True).predict(IMAGES)
    assert (tmp_path / "written.pt").exists()


def test_tflite_operators_that_are_not_its_own_are_refused(tmp_path):
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([1, 4, 4, 3], tf.float32)])
    def read(images):
        length = tf.strings.length(tf.io.read_file("secret"))
        return tf.reduce_mean(images, (1, 2)) + tf.cast(length, tf.float32)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([read.get_concrete_function()], tf.Module())
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    path = tmp_path / "flex.tflite"
    path.write_bytes(converter.convert())
    assert "FlexReadFile" in refusal(path)


def test_onnx_operators_of_a_foreign_domain_are_refused(tmp_path):
    assert "third-party operators (evil.corp.Mul)" in refusal(onnx_file(tmp_path / "m.onnx", domain="evil.corp"))


def test_onnx_weights_outside_the_folder_are_refused_even_when_trusted(tmp_path):
    (tmp_path / "inner").mkdir()
    path = onnx_file(tmp_path / "inner" / "m.onnx", location="../secret.bin")
    assert "outside its own folder (../secret.bin)" in refusal(path, trust_code=True)


def test_onnx_weights_beside_the_model_are_read_and_count_in_its_digest(tmp_path):
    path = onnx_file(tmp_path / "m.onnx", location="weights.bin")
    model = load_model(path)
    assert model.predict(IMAGES).tolist() == [[2, 2, 2], [2, 2, 2]]
    (tmp_path / "weights.bin").write_bytes(np.full(3, 5, np.float32).tobytes())
    assert load_model(path).digest != model.digest
    (tmp_path / "weights.bin").unlink()
    assert "needs weights in weights.bin, which is missing from its folder" in refusal(path)


def test_a_missing_runtime_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    path = tmp_path / "m.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/constants.pkl", b"")
        archive.writestr("m/code/__torch__.py", "")
    assert "pip install 'ferspec[torch]'" in refusal(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no file names that are not text")
def test_a_name_that_no_report_could_hold_is_refused_in_escaped_form(harmless, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.keras")
    shutil.copyfile(harmless, path)
    assert "caf\\xe9.keras: the name is not UTF-8" in refusal(path)


def test_a_full_disk_is_reported(harmless, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    copy = shutil.copyfile(harmless, tmp_path / "copy.bin")
    monkeypatch.setattr("ferspec.subjects.models.keras.archive.shutil.copyfile", full)
    said = refusal(copy)
    assert said.startswith("copy.bin needs a temporary copy, but the disk of ")
    assert "TMPDIR" in said


@pytest.mark.parametrize("name", ["model.keras", "model.pt"])
def test_an_archive_that_its_reader_does_not_understand_is_one_line(harmless, tmp_path, name):
    content = bytearray(harmless.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 6] = 99  # the version of zip that a reader must know
    (tmp_path / name).write_bytes(content)
    assert f"{name} is a truncated or damaged" in refusal(tmp_path / name)


def test_a_file_is_not_changed_by_opening_it(harmless, tmp_path):
    copy = shutil.copyfile(harmless, tmp_path / "copy.bin")
    load_model(copy)
    assert copy.read_bytes() == harmless.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["copy.bin"]
