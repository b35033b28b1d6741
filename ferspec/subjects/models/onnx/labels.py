"""Read the names of classes from the metadata of an ONNX file."""

from __future__ import annotations

import ast
import json
from typing import Any

from ferspec.subjects.models.base import plain_labels

LABEL_KEYS = ("classes", "labels", "class_names", "names", "categories", "id2label")
LABELS_LIMIT = 10_000
MOST_DIGITS = 9


def labels_in(proto: Any) -> tuple[str, ...] | None:
    """Return the names of the output columns, or None where the metadata hold none."""
    properties = {entry.key.lower(): entry.value for entry in proto.metadata_props}
    text = next((properties[key] for key in LABEL_KEYS if key in properties), None)
    if text is None or len(text) > LABELS_LIMIT:
        return None
    parsed = _parsed(text)
    try:
        if isinstance(parsed, dict):
            parsed = [parsed[key] for key in sorted(parsed, key=_position)]
        return plain_labels(parsed)
    except ValueError:  # a hexadecimal number of thousands of digits cannot be written as text
        return None


def _position(key: Any) -> int:
    text = str(key)
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else -1


def _parsed(text: str) -> Any:
    # Exporters write JSON, a Python literal such as {0: 'angry'}, or names separated by commas or line breaks.
    for parse in (json.loads, ast.literal_eval):
        try:
            parsed = parse(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(parsed, (dict, list, tuple)):
            return parsed
    return [label for label in text.replace("\n", ",").split(",") if label.strip()]
