"""Load Keras models in HDF5 (.h5, .hdf5), the model format of Keras 1 and 2."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import Model, loading
from ferspec.subjects.models.keras.beside import CONFIG, SUFFIXES
from ferspec.subjects.models.keras.building import built_from_old, is_old, load_network
from ferspec.subjects.models.keras.config import refuse_code
from ferspec.subjects.models.keras.network import model_of
from ferspec.subjects.models.keras.weights import refuse_outside_data


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a Keras model from an HDF5 file; convert networks of Keras 1 and 2 to Keras 3.

    Safe to load: as for ``.keras``, the configuration and the weights are inspected before the model is built; objects
    that are not known to only compute are refused unless ``trust_code`` is set. Training state
    (optimizer, ``lr``, ``decay``) is not read. Not covered: defects of HDF5 that a crafted file exploits.
    """
    with opened(path) as file:
        config = _config(file, path.name)
        if not trust_code:
            refuse_code(config, path.name)
        if is_old(file.attrs.get("keras_version")):
            return model_of(built_from_old(config, file, path.name, trust_code), path, "keras-h5")
    with tempfile.TemporaryDirectory() as folder:
        source = path
        if path.suffix not in SUFFIXES:
            with loading(path.name, "Keras HDF5"):
                source = shutil.copyfile(path, Path(folder) / "model.h5")
        network = load_network(source, path.name, trust_code)
    return model_of(network, path, "keras-h5")


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open an HDF5 file whose data all lie inside it."""
    import h5py

    with loading(path.name, "Keras HDF5"), h5py.File(path, "r") as file:
        refuse_outside_data(file, path)
        yield file


def _config(file: Any, name: str) -> Any:
    text = file.attrs.get(CONFIG)
    if text is None and ("layer_names" in file.attrs or "layers" in file):
        raise UserError(
            f"{name} holds weights without a network: put the network as JSON (to_json) beside it, "
            "or save the whole model (model.save)"
        )
    if text is None:
        raise UserError(f"{name} is an HDF5 file without a Keras model: save the whole model (model.save)")
    return json.loads(text)
