"""The data of the site: what it shows besides the specification, read from files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ferspec.records import Record
from ferspec.spec.reading import read_toml, to_records
from ferspec.spec.records import Share

PRINTED_ROWS = Path(__file__).parent / "printed_rows.toml"


class PrintedRow(Record):
    """A printed row of Tables 4 to 6 whose network has no cell."""

    id: str
    network: str
    name: str
    val_accuracy: Share
    btfer_accuracy: Share
    millions: float


@cache
def printed_rows() -> tuple[PrintedRow, ...]:
    """Return the printed rows; ``SpecError`` for a file that is not well-formed."""
    return tuple(to_records(PrintedRow, read_toml(PRINTED_ROWS), PRINTED_ROWS.name, "printed_row"))
