"""Load Keras 3 archives (.keras)."""

from __future__ import annotations

import io
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
    shown,
)
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.keras.config import modernised, refuse_code
from ferspec.subjects.models.keras.weights import refuse_outside_data
from ferspec.subjects.models.quiet import keras, quiet, tensorflow

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
MEMBERS = frozenset({CONFIG, WEIGHTS, "metadata.json"})
LARGEST_CONFIG = 64 * 2**20
WIDEST = 10
PREPROCESSING = frozenset({"Rescaling", "Normalization", "Resizing", "CenterCrop"})
ACTIVATIONS: dict[str, Activation] = {"softmax": "softmax", "sigmoid": "sigmoid", "linear": "linear"}


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a ``.keras`` archive.

    Safe to load: the configuration is inspected before the model is built. Objects other than those of Keras and the
    suite that only compute (``classes``), and members other than configuration and weights, are refused unless
    ``trust_code`` is set; Keras' safe mode is on as well. Always refused are members that would be unpacked outside,
    archives that expand more than a hundredfold, and weights whose data lie outside the file or have far larger shapes.
    Not covered: memory for layers larger than their weights, and defects of HDF5 that a crafted file exploits.
    """
    return model_of(load_checked(path, trust_code), path, "keras")


def load_checked(path: Path, trust_code: bool = False) -> Any:
    """Load the Keras model of a ``.keras`` archive after inspecting its members and configuration."""
    with loading(path.name, "Keras"), zipfile.ZipFile(path) as archive:
        _refuse_trap(archive, path)
        if not trust_code:
            _refuse_other_members(archive, path.name)
        if archive.getinfo(CONFIG).file_size > LARGEST_CONFIG:
            raise UserError(f"{path.name} has a configuration of more than {LARGEST_CONFIG:,} bytes: refused")
        config = json.loads(archive.read(CONFIG))
        if not isinstance(config, dict):
            raise UserError(f"{path.name} cannot be loaded as Keras: its configuration does not describe a model")
        if WEIGHTS in archive.namelist():
            _inspect_weights(archive.read(WEIGHTS), path)
    if not trust_code:
        # How the model was trained is not read: a loss or metric of the author's own does no harm there.
        refuse_code({key: value for key, value in config.items() if key != "compile_config"}, path.name)
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
        if place.is_absolute() or ".." in place.parts or ":" in "".join(place.parts[:1]):
            raise UserError(f"{path.name} would unpack {shown(member)!r} outside its own folder: refused")
    refuse_expansion(sum(info.file_size for info in archive.infolist()), path)


def _refuse_other_members(archive: zipfile.ZipFile, name: str) -> None:
    members = archive.namelist()
    if other := [member for member in members if member not in MEMBERS and not member.endswith("/")]:
        raise UserError(f"{name} holds {shown(other[0])!r} beside configuration and weights: refused; add --trust-code")
    if len(set(members)) < len(members):
        raise UserError(f"{name} holds a member twice: refused; save it again with model.save")


def _inspect_weights(content: bytes, path: Path) -> None:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        refuse_outside_data(file, path)


def _rewritten(path: Path, config: Any, target: Path) -> Path:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as copy:
        for info in archive.infolist():
            content = json.dumps(config).encode() if info.filename == CONFIG else archive.read(info)
            copy.writestr(info.filename, content)
    return target
