"""Where the shipped demo model lies, with its contract and the record of its training."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def demo_model_path() -> Path:
    """Return the path of the shipped Keras model; trained on synthetic faces, it certifies nothing about people."""
    return _FOLDER / "model.keras"


def demo_contract_path() -> Path:
    """Return the path of the shipped model's contract."""
    return _FOLDER / "contract.toml"


def demo_record() -> dict[str, Any]:
    """Return how the shipped model was trained and what it reached on held-out synthetic faces."""
    return json.loads((_FOLDER / "record.json").read_text("utf-8"))
