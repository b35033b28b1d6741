"""Read what holds for every set that is built: ``data/statements.toml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ferspec import spec
from ferspec.files import parse_toml
from ferspec.records import Record

DATA = Path(__file__).parents[1] / "data" / "statements.toml"


class Statements(Record):
    """Hold the text of a datasheet and of the fields of a Croissant file."""

    description: str
    collection: str
    preprocessing: str
    annotation: str
    sensitive: str
    biases: str
    limitations: str
    uses: str
    maintenance: str
    social: str


@cache
def statements() -> Statements:
    """Return the statements, with the values of the specification."""
    height, width = spec.load().datasets["BTFER"].size
    values = {"margin": spec.load().integer("FER-D-07", "margin"), "height": height, "width": width}
    texts = parse_toml(DATA.read_bytes())
    return Statements(**{name: str(text).format(**values) for name, text in texts.items()})
