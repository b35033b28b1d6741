"""List files that people bring and that are not models of a supported format: what each is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Form(NamedTuple):
    """Name a kind of file. It is recognised by its first bytes (``content``), else by its suffix.

    ``advice`` is what to do instead, and empty for a file that has nothing to do with a model.
    """

    what: str
    advice: str = ""
    content: str = ""
    suffixes: tuple[str, ...] = ()


UNPACK = "unpack it and give the model in it"
SOURCE = "give the model that it was converted from, such as an ONNX file or a SavedModel"
DARKNET = "convert it to ONNX, for example with pytorch-YOLOv4 (demo_darknet2onnx.py)"
FILES = (
    Form("a Git LFS pointer, not the file itself", "run 'git lfs pull' in its repository", "version https://git-lfs"),
    Form("a web page: the download failed", "download the file again", r"\s*<(!DOCTYPE html|!doctype html|html)"),
    Form("a JPEG image", content=r"\xff\xd8\xff"),
    Form("a PNG image", content=r"\x89PNG"),
    Form("a GIF image", content="GIF8"),
    Form("a BMP image", content="BM"),
    Form("a PDF document", content="%PDF"),
    Form(
        "a NumPy array",
        "if it holds predictions, save them as a CSV with a column for the image and one for each class",
        r"\x93NUMPY",
    ),
    Form("a gzip archive", "unpack it first (gunzip, or tar xf)", r"\x1f\x8b"),
    Form("a tar archive", UNPACK, ".{257}ustar"),
    Form("an archive of 7-Zip", UNPACK, r"7z\xbc\xaf"),
    Form("a RAR archive", UNPACK, r"Rar!"),
    Form("an xz archive", UNPACK, r"\xfd7zXZ"),
    Form("a bzip2 archive", UNPACK, "BZh[1-9]"),
    Form("a Zstandard archive", UNPACK, r"\x28\xb5\x2f\xfd"),
    Form("a MATLAB file", "export the network in MATLAB with exportONNXNetwork", r"MATLAB \d", (".mat",)),
    Form("the network of a Darknet model", DARKNET, r"\s*(#[^\n]*\s+)?\[net(work)?\]"),
    Form("the weights of a Darknet model", DARKNET, suffixes=(".weights",)),
    Form("a TensorRT engine, compiled for one GPU", SOURCE, "[fp]trt", (".engine", ".plan", ".trt")),
    Form("the network of an ncnn model", SOURCE, r"7767517\s"),
    Form("an RKNN model, compiled for one chip", SOURCE, "RKNN", (".rknn",)),
    Form("a GGUF file of a language model", content="GGUF"),
    Form("an MNN model", SOURCE, suffixes=(".mnn",)),
    Form("a Core ML model, which runs on macOS only", SOURCE, suffixes=(".mlmodel",)),
    Form(
        "a Caffe model",
        "convert it to ONNX, for example with MMdnn (mmconvert -sf caffe -in X.prototxt -iw X.caffemodel -df onnx)",
        suffixes=(".caffemodel", ".prototxt"),
    ),
    Form(
        "a part of a PaddlePaddle model",
        "convert it with paddle2onnx --model_dir DIR --model_filename X.pdmodel --params_filename X.pdiparams "
        "--save_file model.onnx",
        suffixes=(".pdmodel", ".pdiparams", ".pdparams"),
    ),
    Form(
        "a part of a TensorFlow checkpoint, which holds only weights",
        "load it into its network and save that (model.save)",
        suffixes=(".ckpt", ".meta", ".index", ".data-00000-of-00001"),
    ),
)
GRAPH = Form(
    "a single graph of TensorFlow, frozen or taken out of its folder",
    "give the SavedModel folder that holds saved_model.pb, or convert it with "
    "python -m tf2onnx.convert --graphdef FILE --inputs INPUT:0 --outputs OUTPUT:0 --output model.onnx",
)
# by a key of a JSON document
DOCUMENTS = {
    "modelTopology": Form(
        "a TensorFlow.js model",
        "convert it with tensorflowjs_converter --input_format=tfjs_layers_model --output_format=keras model.json "
        "model.h5",
    ),
    "weightsManifest": Form(
        "a TensorFlow.js model",
        "convert it with tfjs_graph_converter model.json saved_model --output_format tf_saved_model",
    ),
}
# by a file in a folder
FOLDERS = {
    "MLmodel": Form("an MLflow model", "give the model file in it, such as data/model.keras or model.onnx"),
    "checkpoint": Form("a TensorFlow checkpoint, which holds only weights", "save the whole model (model.save)"),
    "Manifest.json": Form("a Core ML package, which runs on macOS only", SOURCE),
    "inference.pdmodel": Form(
        "a PaddlePaddle model",
        "convert it with paddle2onnx --model_dir DIR --model_filename inference.pdmodel "
        "--params_filename inference.pdiparams --save_file model.onnx",
    ),
}


def form_of(head: bytes, suffix: str) -> Form | None:
    """Return the form of a file by its first bytes, else by its suffix; None for another file."""
    for form in FILES:
        if form.content and re.match(form.content.encode("latin-1"), head, re.DOTALL):
            return form
    return next((form for form in FILES if suffix.lower() in form.suffixes), None)


def form_among(names: Iterable[str], known: dict[str, Form]) -> Form | None:
    """Return the form of the first known name; None if there is none."""
    names = set(names)
    return next((form for name, form in known.items() if name in names), None)


def sentence(path: object, form: Form) -> str:
    """Say what a file is and what to do."""
    return f"{path} is {form.what}: {form.advice}" if form.advice else f"{path} is not a model but {form.what}"
