"""Locates the demo model, its contract and the record of its training."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def demo_model_path() -> Path:
    """Return the path of the demo model in TFLite format. It is trained on synthetic faces only."""
    return _FOLDER / "model.tflite"


def demo_contract_path() -> Path:
    """Return the path of the demo model's contract."""
    return _FOLDER / "contract.toml"


def demo_record() -> dict[str, Any]:
    """Return the training record of the demo model, with its accuracy on held-out synthetic faces."""
    record: dict[str, Any] = json.loads((_FOLDER / "record.json").read_text("utf-8"))
    return record
