"""The formats of small devices, and the record of one conversion."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from ferspec.records import Record
from ferspec.spec.reading import read_toml, to_records
from ferspec.subjects.models.contracts.contract import Contract

FILE = Path(__file__).with_name("formats.toml")


class Format(Record):
    """A format that a model is converted to.

    ``runtime`` runs its files. ``reduced`` says what has fewer bits than in the original. A ``calibrated`` format needs
    images like those that the model will see.
    """

    name: str
    title: str
    suffix: str
    runtime: str
    reduced: str
    calibrated: bool


FORMATS: dict[str, Format] = {
    format.name: format for format in to_records(Format, read_toml(FILE), FILE.name, "format", "name")
}
"""The formats by their names, in the order in which they are shown."""


class Conversion(Record):
    """One conversion of a model: a file with the contract by which it is certified, or the reason why there is none.

    ``format`` is a name of ``FORMATS``. ``converter`` names the packages and versions that wrote the file, or that
    failed; it is empty where none exists or is installed.
    """

    format: str
    path: Path | None = None
    contract: Contract | None = None
    reason: str | None = None
    converter: str = ""

    @model_validator(mode="after")
    def _is_a_file_or_a_reason(self) -> Conversion:
        if self.format not in FORMATS:
            raise ValueError(f"{self.format} is not a format: expected {', '.join(FORMATS)}")
        if (self.path is None) != (self.contract is None) or (self.path is None) == (self.reason is None):
            raise ValueError("a conversion has a file and its contract, or a reason")
        return self
