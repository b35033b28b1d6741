"""The rows of the paper's tables, and their layer tables: stated and answered."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ferspec.checks.implementation.answers.judge import field, rows, shown
from ferspec.checks.implementation.networks import witness
from ferspec.errors import SubjectError
from ferspec.reference.models import Row
from ferspec.reference.models import rows as trained_rows
from ferspec.spec.layers import Base, Layer, base_of, in_order, layer_table
from ferspec.spec.records import Profile
from ferspec.subjects.implementations.subject import ImplementationSubject

FIELDS = ("type", "shape", "parameters", "inputs")
OTHER: dict[Profile, Profile] = {"released": "paper", "paper": "released"}
ROWS = {f"{row.network}-{row.weights}-{row.resolution}".lower(): row for row in trained_rows()}


def asked(row: Row) -> dict[str, Any]:
    """Return the arguments that identify a row in a request."""
    return {"architecture": row.network, "weights": row.weights, "resolution": row.resolution}


def stated_table(row: Row, profile: Profile) -> tuple[Layer, ...]:
    """Return the layer table of a row in the specification."""
    return layer_table(row.network, row.weights, row.resolution, profile)


def base_of_row(row: Row) -> Base | None:
    """Return the library's base under the protocol's head, or None."""
    return base_of(row.network, row.weights)


def total_of(row: Row, profile: Profile) -> int:
    """Return all parameters of a network; those of the profile ``released`` are the totals that the runs printed."""
    return row.parameters if profile == "released" else sum(layer.parameters for layer in stated_table(row, profile))


def expected_total(row: Row, profile: Profile) -> int:
    """Return the typed number of parameters of a network; if none is typed, its table's."""
    typed = witness.total_of(row.network, row.weights, row.resolution, profile, base_of_row(row) is not None)
    return total_of(row, profile) if typed is None else typed


def answered_table(subject: ImplementationSubject, row: Row) -> tuple[Layer, ...]:
    """Return a subject's layer table for a row; ``SubjectError`` names its first invalid entry."""
    entries = rows("layer_table", subject.ask("layer_table", **asked(row)))
    if not entries:
        raise SubjectError(f"layer_table gave no layers of {row.network}")
    return tuple(_layer(number, entry) for number, entry in enumerate(entries, start=1))


def text_of(value: Any) -> str:
    """Return a setting as the tables write it: 0.2 for ``0.20000000298``, 3x3 for ``[3, 3]``."""
    if isinstance(value, list):
        return "x".join(map(text_of, value))
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


def _layer(number: int, entry: Any) -> Layer:
    values = {key: field("layer_table", entry, key) for key in FIELDS}
    settings = entry.get("settings") or {}
    if not isinstance(settings, dict):
        raise SubjectError(f"layer_table: layer {number}: settings are {shown(settings)}, not names with values")
    settings = {str(key): text_of(value) for key, value in settings.items()}
    try:
        layer = Layer.model_validate({"number": entry.get("number", number), **values, "settings": settings})
    except ValidationError as error:
        first = error.errors()[0]
        raise SubjectError(f"layer_table: layer {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if not in_order(layer, number):
        raise SubjectError(f"layer_table: layer {number}: layers are numbered from 1 and read earlier ones")
    return layer
