"""Write and read manifest.csv, which lists every training, validation and BTFER image of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.runs.artifacts.record import SPLITS, SplitName, part_name
from ferspec.subjects.runs.artifacts.tables import read_run_table, table_text, whole_number

COLUMNS = ("part", "path", "label", "height", "width", "pixels_sha256", "bytes_sha256")
SHA256 = re.compile(r"[0-9a-f]{64}")


def manifest_text(manifests: Mapping[SplitName, Iterable[Entry]]) -> str:
    """Format manifest.csv with a row per image, in the order of each split."""
    rows = (
        (part, *(getattr(entry, name) for name in COLUMNS[1:]))
        for part, entries in manifests.items()
        for entry in entries
    )
    return table_text(COLUMNS, rows)


def read_manifest(path: str | Path) -> dict[SplitName, tuple[Entry, ...]]:
    """Read the images of each split from a manifest.csv.

    Raise ``UserError`` with the line for an unknown split or class, a size that is not an integer from 1, an invalid
    sha256, and as ``read_run_table`` does.
    """
    table = read_run_table(path, COLUMNS)
    manifests: dict[SplitName, list[Entry]] = {}
    for line, name, *texts in zip(table.lines, *table.columns.values(), strict=True):
        values: dict[str, Any] = dict(zip(COLUMNS[1:], texts, strict=True))
        part = part_name(table.path, line, name, SPLITS)
        if values["label"] not in spec.load().classes:
            raise UserError(f"{path} line {line}: unknown class {values['label']!r}")
        for column in ("height", "width"):
            values[column] = whole_number(table.path, line, column, values[column])
            if not values[column]:
                raise UserError(f"{path} line {line}, column {column!r}: the size must be above 0 pixels")
        for column in ("pixels_sha256", "bytes_sha256"):
            if not SHA256.fullmatch(values[column]):
                raise UserError(f"{path} line {line}, column {column!r}: {values[column][:80]!r} is not a sha256")
        manifests.setdefault(part, []).append(Entry(**values))
    return {part: tuple(entries) for part, entries in manifests.items()}
