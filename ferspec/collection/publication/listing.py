"""Write the public manifest of a set."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.collection.licences import published
from ferspec.collection.manifest import PUBLIC, Row, table


def public_table(rows: Iterable[Row]) -> str:
    """Return the table of the drawn rows, without what may name a person."""
    return table(PUBLIC, (_cells(row) for row in sorted(rows, key=lambda row: row.path)))


def _cells(row: Row) -> list[str]:
    special = {
        "digest": row.crop_digest,
        "pixels": row.crop_pixels,
        "original": row.digest,
        "original_pixels": row.pixels,
        "licence": published(row.licence),
    }
    return [special[name] if name in special else getattr(row, name) for name in PUBLIC]
