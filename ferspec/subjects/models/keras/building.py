"""Build Keras networks from checked configurations, and fill them with checked weights."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

from ferspec.subjects.models.base import loading
from ferspec.subjects.models.keras.translation.activations import OWN
from ferspec.subjects.models.keras.translation.config import translated
from ferspec.subjects.models.keras.translation.weights import fill
from ferspec.subjects.models.quiet import keras, quiet, without_optional_packages


def keras_of_a_worker() -> ModuleType:
    """Import Keras in the process of a model, without what no saved network needs."""
    with without_optional_packages():
        return keras()


def is_old(version: object) -> bool:
    """Return whether Keras 1 or 2 wrote a file; the first versions did not say."""
    text = version.decode(errors="replace") if isinstance(version, bytes) else str(version or "1")
    return text.startswith(("0.", "1", "2."))


def built_from_old(config: Any, weights: Any, name: str, trust_code: bool) -> Any:
    """Build a network of Keras 1 or 2 in Keras 3, with weights from HDF5."""
    framework = keras_of_a_worker()
    with loading(name, "Keras"), quiet():
        config = translated(config)
        # Keras empties the configuration that it reads
        network = framework.saving.deserialize_keras_object(deepcopy(config), OWN, safe_mode=not trust_code)
        fill(network, config, weights)
    return network


def load_network(source: Path, name: str, trust_code: bool) -> Any:
    """Load a Keras model, uncompiled, from a file with Keras' suffix. ``name`` is used in messages."""
    framework = keras_of_a_worker()
    with quiet():
        # Registers the only custom layers that a saved network may have.
        import ferspec.reference.models.repvgg_layers  # noqa: F401
    with loading(name, "Keras"), quiet():
        return framework.models.load_model(source, compile=False, safe_mode=not trust_code)
