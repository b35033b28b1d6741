"""Files that are not models of a supported format are named for what they are, in one line with what to do."""

import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.detect import detect
from ferspec.subjects.models.from_names import contract_path

# name and first bytes of a file, and what must be said
FILES = {
    "fer.onnx": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n", "git lfs pull"),
    "fer.h5": (b"<!DOCTYPE html><html><body>Not found", "a web page: the download failed"),
    "fer.tar": (b"model.h5".ljust(257, b"\0") + b"ustar\x0000" + bytes(245), "a tar archive: unpack it"),
    "fer.pth.tar": (b"\x1f\x8b\x08\x00data", "a gzip archive: unpack it"),
    "fer.7z": (b"7z\xbc\xaf\x27\x1c", "an archive of 7-Zip: unpack it"),
    "fer.pb": (b"\n\x1d\n\x05input\x12\x0bPlaceholder", "tf2onnx.convert"),
    "fer.caffemodel": (b"\n\x04nameR\x10", "a Caffe model: convert it to ONNX"),
    "fer.prototxt": (b'name: "fer"\nlayer {', "a Caffe model"),
    "fer.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "exportONNXNetwork"),
    "fer.cfg": (b"# comment\n[net]\nbatch=1\n", "the network of a Darknet model: convert it to ONNX"),
    "fer.weights": (b"\0\0\0\0\2\0\0\0\5\0\0\0", "the weights of a Darknet model"),
    "fer.engine": (b"ftrt\x8e\0\0\0", "a TensorRT engine, compiled for one GPU: give the model"),
    "fer.mlmodel": (b"\x08\x04\x12\x02\x0a\x00\x22\x00", "a Core ML model, which runs on macOS only"),
    "fer.pdmodel": (b"\n\x80\x01\x08\0", "paddle2onnx --model_dir"),
    "fer.param": (b"7767517\n75 83\n", "the network of an ncnn model"),
    "model.ckpt.meta": (b"\n\x9b\x01\n", "a part of a TensorFlow checkpoint"),
    "model.json": (b'{"format": "layers-model", "modelTopology": {}, "weightsManifest": []}', "tfjs_layers_model"),
    "graph.json": (b'{"format": "graph-model", "weightsManifest": []}', "tfjs_graph_converter"),
    "notes.json": (b'{"a": 1}', "a JSON file without a Keras network"),
    "fer.joblib": (b"x\x9c\x01", "is a pickle, which is never read"),
}
FOLDERS = {
    "MLmodel": "an MLflow model: give the model file in it",
    "checkpoint": "a TensorFlow checkpoint, which holds only weights",
    "Manifest.json": "a Core ML package",
    "inference.pdmodel": "paddle2onnx",
}


def refusal(path):
    with pytest.raises(UserError) as caught:
        detect(path)
    line = str(caught.value)
    assert line.startswith(str(path))
    assert "\n" not in line
    assert "damaged" not in line
    return line


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_form_is_named_with_what_to_do(tmp_path, name):
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_another_form_is_named_with_what_to_do(tmp_path, name):
    (tmp_path / name).write_text("x")
    assert FOLDERS[name] in refusal(tmp_path)


@pytest.mark.parametrize("suffix", [".h5", ".onnx", ".tflite", ".keras", ".pt"])
def test_content_counts_more_than_the_name(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(FILES["fer.onnx"][0])
    assert "a Git LFS pointer" in refusal(path)


def test_the_contract_of_a_callable_has_no_colon_in_its_name(tmp_path):
    assert contract_path("package.module:function").name == "package.module.function.contract.toml"
    assert contract_path(tmp_path / "odd:name.onnx") == tmp_path / "odd.name.onnx.contract.toml"
