"""Load Keras 3 archives (.keras)."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Activation,
    Layout,
    Model,
    Signature,
    cast,
    file_digest,
    image_axes,
    loading,
    require_image_input,
    require_one_output,
)
from ferspec.subjects.models.keras.config import modernised, refuse_code
from ferspec.subjects.models.quiet import keras, quiet, tensorflow

CONFIG = "config.json"
EXPANSION = 100
WIDEST = 10
SMALL = 64 * 2**20
PREPROCESSING = frozenset({"Rescaling", "Normalization", "Resizing", "CenterCrop"})
ACTIVATIONS: dict[str, Activation] = {"softmax": "softmax", "sigmoid": "sigmoid", "linear": "linear"}


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a ``.keras`` archive.

    Safe to load: the configuration is inspected before the model is built. Objects with code, and objects from outside
    Keras and the suite, are refused unless ``trust_code`` is set; Keras' safe mode is on as well. Always refused are
    members that would be unpacked outside, and archives that expand more than a hundredfold. Not covered: defects of
    HDF5 that a crafted file exploits.
    """
    return model_of(load_checked(path, trust_code), path, "keras")


def load_checked(path: Path, trust_code: bool = False) -> Any:
    """Load the Keras model of a ``.keras`` archive after inspecting its members and configuration."""
    with loading(path.name, "Keras"), zipfile.ZipFile(path) as archive:
        _refuse_trap(archive, path)
        config = json.loads(archive.read(CONFIG))
    if not trust_code:
        refuse_code(config, path.name)
    with loading(path.name, "Keras"):
        readable = modernised(config)
    with tempfile.TemporaryDirectory() as folder:
        source = path
        if readable != config or path.suffix != ".keras":
            with loading(path.name, "Keras"):
                source = _rewritten(path, readable, Path(folder) / "model.keras")
        return load_network(source, path.name, trust_code)


def load_network(source: Path, name: str, trust_code: bool) -> Any:
    """Load a Keras model, uncompiled, from a file with Keras' suffix. ``name`` is used in messages."""
    framework = keras()
    with quiet():
        # Registers the only custom layers that a saved network may have.
        import ferspec.reference.models.repvgg_layers  # noqa: F401
    with loading(name, "Keras"), quiet():
        return framework.models.load_model(source, compile=False, safe_mode=not trust_code)


def model_of(network: Any, path: Path, kind: str) -> Model:
    """Wrap a loaded Keras model; it is traced once, for any batch size."""
    tf = tensorflow()
    if not getattr(network, "inputs", None):
        raise UserError(f"{path.name} was saved without an input shape: call it on a batch, then save it again")
    require_image_input(path.name, len(network.inputs), len(network.inputs[0].shape))
    require_one_output(path.name, len(network.outputs))
    shape, dtype = list(network.inputs[0].shape), network.inputs[0].dtype
    layers = list(_layers(network))

    @tf.function(input_signature=[tf.TensorSpec(shape, dtype)])
    def forward(batch):
        return network(batch, training=False)

    def run(batch: np.ndarray) -> np.ndarray:
        return np.asarray(tf.nest.flatten(forward(tf.constant(cast(batch, tf.as_dtype(dtype).as_numpy_dtype))))[0])

    return Model(
        name=path.name,
        format=kind,
        digest=file_digest(path),
        signature=Signature(
            **image_axes(shape, _layout(layers)),
            dtype=dtype,
            batch=shape[0],
            output_width=network.outputs[0].shape[-1],
            activation=_activation(layers),
            preprocessing=tuple(_preprocessing(layers)),
            range=_range(layers),
        ),
        run=run,
    )


def _layers(network: Any) -> Any:
    for layer in network.layers:
        if getattr(layer, "layers", None):
            yield from _layers(layer)
        else:
            yield layer


def _layout(layers: list[Any]) -> Layout:
    formats = {getattr(layer, "data_format", None) for layer in layers}
    return "channels_first" if "channels_first" in formats else "channels_last"


def _activation(layers: list[Any]) -> Activation:
    last = layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", type(last).__name__.lower())
    return ACTIVATIONS.get(name, "unknown")


def _preprocessing(layers: list[Any]) -> list[str]:
    names = []
    for layer in layers:
        kind = type(layer).__name__
        if kind == "Rescaling":
            names.append(f"Rescaling(scale={layer.scale}, offset={layer.offset})")
        elif kind in PREPROCESSING:
            names.append(kind)
    return names


def _range(layers: list[Any]) -> tuple[float, float] | None:
    # A Rescaling that maps 256 grey levels to a few units expects 0 to 255.
    scale = next((np.asarray(layer.scale) for layer in layers if type(layer).__name__ == "Rescaling"), None)
    return (0.0, 255.0) if scale is not None and float(np.max(np.abs(scale))) * 255 <= WIDEST else None


def _refuse_trap(archive: zipfile.ZipFile, path: Path) -> None:
    for member in archive.namelist():
        place = PurePosixPath(member.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
            raise UserError(f"{path.name} would unpack {member!r} outside its own folder: refused")
    expanded = sum(info.file_size for info in archive.infolist())
    if expanded > max(SMALL, EXPANSION * path.stat().st_size):
        raise UserError(f"{path.name} expands to {expanded / 2**30:.1f} GiB, far more than its own size: refused")


def _rewritten(path: Path, config: Any, target: Path) -> Path:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as copy:
        for info in archive.infolist():
            content = json.dumps(config).encode() if info.filename == CONFIG else archive.read(info)
            copy.writestr(info.filename, content)
    return target
