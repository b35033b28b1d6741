"""Load Keras models in HDF5 (.h5, .hdf5), the model format of Keras 1 and 2."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import Model, loading
from ferspec.subjects.models.keras.archive import load_network, model_of
from ferspec.subjects.models.keras.config import modernised, refuse_code
from ferspec.subjects.models.keras.weights import refuse_outside_data

CONFIG = "model_config"
SUFFIXES = frozenset({".h5", ".hdf5"})


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a Keras model from an HDF5 file; convert old configurations to Keras 3.

    Safe to load: as for ``.keras``, the configuration and the weights are inspected before the model is built; objects
    that are not known to only compute are refused unless ``trust_code`` is set. Training state
    (optimizer, ``lr``, ``decay``) is not read. Not covered: defects of HDF5 that a crafted file exploits.
    """
    config = _config(path)
    if not trust_code:
        refuse_code(config, path.name)
    with loading(path.name, "Keras HDF5"):
        readable = modernised(config)
    with tempfile.TemporaryDirectory() as folder:
        source = path
        if readable != config or path.suffix not in SUFFIXES:
            with loading(path.name, "Keras HDF5"):
                source = _rewritten(path, readable, Path(folder) / "model.h5")
        network = load_network(source, path.name, trust_code)
    return model_of(network, path, "keras-h5")


def _config(path: Path) -> Any:
    import h5py

    with loading(path.name, "Keras HDF5"), h5py.File(path, "r") as file:
        refuse_outside_data(file, path)
        text = file.attrs.get(CONFIG)
        if text is None and ("layer_names" in file.attrs or "layers" in file):
            raise UserError(f"{path.name} holds weights without a network: save the whole model (model.save)")
        if text is None:
            raise UserError(f"{path.name} is an HDF5 file without a Keras model: save the whole model (model.save)")
        return json.loads(text)


def _rewritten(path: Path, config: Any, target: Path) -> Path:
    import h5py

    shutil.copyfile(path, target)
    with h5py.File(target, "r+") as file:
        file.attrs[CONFIG] = json.dumps(config)
    return target
