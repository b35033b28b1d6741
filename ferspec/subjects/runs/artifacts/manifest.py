"""Every image of a training, validation and BTFER alike: manifest.csv."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.runs.artifacts.record import PARTS, PartName
from ferspec.subjects.runs.artifacts.tables import read_table, table_text, whole_number

COLUMNS = ("part", "path", "label", "height", "width", "pixels_sha256", "bytes_sha256")
SHA256 = re.compile(r"[0-9a-f]{64}")


def manifest_text(manifests: Mapping[PartName, Iterable[Entry]]) -> str:
    """Return manifest.csv: a row for every image of every part, in the order of the part."""
    return table_text(
        COLUMNS,
        ((part, *(getattr(entry, name) for name in COLUMNS[1:])) for part, of in manifests.items() for entry in of),
    )


def read_manifest(path: str | Path) -> dict[PartName, tuple[Entry, ...]]:
    """Return the images of each part that a manifest.csv lists; the digest of a part is that in the record of the run.

    ``UserError``, in one line that names the line of the file, for an unknown part or class, a size that is no whole
    number from 1, a sha256 that is none, and as ``read_table`` says.
    """
    table = read_table(path, COLUMNS)
    found: dict[PartName, list[Entry]] = {}
    for line, *row in zip(table.lines, *table.columns.values(), strict=True):
        part, *rest = row
        values = dict(zip(COLUMNS[1:], rest, strict=True))
        if part not in PARTS:
            raise UserError(f"{path} line {line}: unknown part {part!r}: known are {', '.join(PARTS)}")
        if values["label"] not in spec.load().classes:
            raise UserError(f"{path} line {line}: unknown class {values['label']!r}")
        for name in ("height", "width"):
            values[name] = whole_number(table.path, line, name, values[name])
            if not values[name]:
                raise UserError(f"{path} line {line}, column {name!r}: an image of 0 pixels")
        for name in ("pixels_sha256", "bytes_sha256"):
            if not SHA256.fullmatch(values[name]):
                raise UserError(f"{path} line {line}, column {name!r}: {values[name][:80]!r} is not a sha256")
        found.setdefault(part, []).append(Entry(**values))
    return {part: tuple(entries) for part, entries in found.items()}
