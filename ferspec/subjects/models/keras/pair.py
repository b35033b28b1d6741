"""Load a Keras network in JSON (``to_json``) with its weights in HDF5 (``save_weights``)."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import parse_json, read_bounded
from ferspec.subjects.models.base import Model, folder_digest, loading
from ferspec.subjects.models.keras.beside import JSON, LARGEST_NETWORK, counterpart
from ferspec.subjects.models.keras.building import built_from_old, is_old, keras_of_a_worker
from ferspec.subjects.models.keras.config import refuse_code
from ferspec.subjects.models.keras.hdf5 import opened
from ferspec.subjects.models.keras.network import model_of
from ferspec.subjects.models.quiet import quiet


def load(path: Path, trust_code: bool = False, other: Path | None = None) -> Model:
    """Load a network and its weights, whichever of the two is named; search for the ``other`` if it is not given.

    Safe to load: as for ``keras.hdf5``. The digest covers both files.
    """
    if other is None and (other := counterpart(path)) is None:
        raise UserError(f"{path} is one half of a Keras model, and the other is missing")
    network, weights = (path, other) if path.suffix.lower() == JSON else (other, path)
    with loading(network.name, "Keras"):
        config = parse_json(read_bounded(network, LARGEST_NETWORK, "a Keras network"))
    if not trust_code:
        refuse_code(config, network.name)
    with opened(weights) as file:
        # Keras 3 does not write its version, and all others no module
        if is_old(config.get("keras_version", "3" if "module" in config else None)):
            built = built_from_old(config, file, network.name, trust_code)
        else:
            built = _built(config, weights, "layers" in file, network.name, trust_code)
    model = model_of(built, path, "keras-json")
    return replace(model, digest=folder_digest(path.parent, [path, other]), files=(other,))


def _built(config: Any, weights: Path, is_new: bool, name: str, trust_code: bool) -> Any:
    """Build a network of Keras 3 and load its weights."""
    framework = keras_of_a_worker()
    with tempfile.TemporaryDirectory() as folder, loading(name, "Keras"), quiet():
        network = framework.saving.deserialize_keras_object(config, safe_mode=not trust_code)
        network.load_weights(shutil.copyfile(weights, Path(folder) / ("m.weights.h5" if is_new else "m.h5")))
    return network
