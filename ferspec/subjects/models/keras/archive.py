"""Load Keras archives (.keras)."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Model,
    loading,
    shown,
)
from ferspec.subjects.models.expansion import refuse_expansion
from ferspec.subjects.models.keras.building import built_from_old, is_old, load_network
from ferspec.subjects.models.keras.config import refuse_code
from ferspec.subjects.models.keras.network import model_of
from ferspec.subjects.models.keras.weights import refuse_outside_data

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
MEMBERS = frozenset({CONFIG, METADATA, WEIGHTS})
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
        config, metadata = (_document(archive, member, path.name) for member in (CONFIG, METADATA))
        content = archive.read(WEIGHTS) if WEIGHTS in archive.namelist() else None
    if not trust_code:
        # How the model was trained is not read: a loss or metric of the author's own does no harm there.
        refuse_code({key: value for key, value in config.items() if key != "compile_config"}, path.name)
    with _opened(content, path) as weights:
        if weights is not None and is_old(metadata.get("keras_version", "3")):
            return built_from_old(config, weights, path.name, trust_code)
    if path.suffix == ".keras":
        return load_network(path, path.name, trust_code)
    with tempfile.TemporaryDirectory() as folder:
        with loading(path.name, "Keras"):
            source = shutil.copyfile(path, Path(folder) / "model.keras")
        return load_network(source, path.name, trust_code)


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


def _document(archive: zipfile.ZipFile, member: str, name: str) -> dict[str, Any]:
    """Read a member of JSON; an empty document for one that is missing and not needed."""
    if member == METADATA and member not in archive.namelist():
        return {}
    if archive.getinfo(member).file_size > LARGEST_CONFIG:
        raise UserError(f"{name} has a configuration of more than {LARGEST_CONFIG:,} bytes: refused")
    document = json.loads(archive.read(member))
    if not isinstance(document, dict):
        raise UserError(f"{name} cannot be loaded as Keras: its configuration does not describe a model")
    return document


@contextmanager
def _opened(content: bytes | None, path: Path) -> Iterator[Any]:
    """Open the weights of an archive after inspecting them; None for an archive without weights."""
    import h5py

    if content is None:
        yield None
        return
    with loading(path.name, "Keras"), h5py.File(io.BytesIO(content), "r") as file:
        refuse_outside_data(file, path)
        yield file
