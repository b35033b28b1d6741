"""Read layer tables of third parties from CSV or JSON, to compare networks without code."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ferspec.errors import UserError
from ferspec.files import parse_json, read_bounded
from ferspec.spec.layers import Layer, csv_rows, in_order

# 100 times the largest table of the protocol, 800 layers of NASNetMobile
LARGEST = 8 << 20


def read_table(path: str | Path) -> tuple[Layer, ...]:
    """Return the layer table in a CSV or JSON file.

    CSV has the columns layer, type, shape (``48x48x3``), parameters, inputs (``1 4``) and, if wanted, settings; JSON is
    a list of layers, or an object with one under ``layers``, as ``ferspec models show --json`` prints it.
    ``UserError``, with the file and the place in it, for anything else, and for a layer that reads a later one.
    """
    path = Path(path)
    content = read_bounded(path, LARGEST, "a layer table")
    try:
        entries = list(csv_rows(content.decode("utf-8-sig")) if path.suffix.lower() == ".csv" else _json(content))
    except AttributeError:
        raise UserError(f"{path} is not a layer table: a row has fewer columns than the header") from None
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise UserError(f"{path} is not a layer table: {str(error).splitlines()[0]}") from None
    table = tuple(_layer(path, number, entry) for number, entry in enumerate(entries, start=1))
    if not table:
        raise UserError(f"{path} is not a layer table: it has no layers")
    return table


def _layer(path: Path, number: int, entry: Any) -> Layer:
    try:
        layer = Layer.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: layer {number}: {where}: {first['msg']}") from None
    if not in_order(layer, number):
        raise UserError(f"{path}: layer {number}: layers are numbered from 1 and read earlier ones")
    return layer


def _json(content: bytes) -> list[Any]:
    data = parse_json(content)
    return data if isinstance(data, list) else data["layers"]
