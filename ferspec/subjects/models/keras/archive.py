"""Load Keras 3 archives (.keras)."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Model,
    loading,
    shown,
)
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.keras.config import modernised, refuse_code
from ferspec.subjects.models.keras.network import model_of
from ferspec.subjects.models.keras.weights import refuse_outside_data
from ferspec.subjects.models.quiet import keras, quiet

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
MEMBERS = frozenset({CONFIG, WEIGHTS, "metadata.json"})
LARGEST_CONFIG = 64 * 2**20


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


def _refuse_trap(archive: zipfile.ZipFile, path: Path) -> None:
    for member in archive.namelist():
        place = PurePosixPath(member.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in "".join(place.parts[:1]):
            raise UserError(f"{path.name} would unpack {shown(member)!r} outside its own folder: refused")
    refuse_expansion(sum(info.file_size for info in archive.infolist()), path)


def _refuse_other_members(archive: zipfile.ZipFile, name: str) -> None:
    members = archive.namelist()
    if other := [member for member in members if member not in MEMBERS and not member.endswith("/")]:
        raise UserError(
            f"{name} holds {shown(other[0])!r} beside configuration and weights: "
            "refused; add --trust-code to load it anyway"
        )
    if len(set(members)) < len(members):
        raise UserError(f"{name} has duplicate members: refused; save it again with model.save")


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
