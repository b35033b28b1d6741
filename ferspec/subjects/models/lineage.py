"""Count how often models of one lineage were certified on the same images."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from ferspec.errors import UserError
from ferspec.files import parse_json, read_bounded, write_whole
from ferspec.records import Record

LARGEST = 1 << 20
MOST = 10_000
Name = Annotated[str, Field(min_length=1, max_length=100)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Lineage(Record):
    """The lineage of a model, and its number of certifications on these images.

    This one is included. Both are declared by the owner of the model.
    """

    name: Name
    certifications: int = Field(ge=1, le=MOST)

    @property
    def share(self) -> float:
        """The part of the error that this certification may use.

        The parts of any number of certifications sum to at most 1, so stopping at the first that passes is allowed.
        """
        return 1 / (self.certifications * (self.certifications + 1))


class History(Record):
    """The record of a lineage: the digest of the images of each certification."""

    lineage: Name
    images: tuple[Digest, ...] = Field(default=(), max_length=MOST)

    def next_on(self, *images: str) -> Lineage:
        """Return the lineage with its next certification on images.

        ``images`` are all digests that their manifest has had.
        """
        known = sum(digest in images for digest in self.images)
        return Lineage(name=self.lineage, certifications=known + 1)

    def write(self, folder: Path, images: str) -> None:
        """Write the record with one more certification beside a folder of results."""
        longer = self.model_copy(update={"images": (*self.images, images)})
        write_whole(history_path(folder, self.lineage), longer.model_dump_json(indent=1))


def history_path(folder: Path, name: str) -> Path:
    """Return the path of the record of a lineage, beside a folder of results."""
    return folder.absolute().parent / ("ferspec-lineage-" + re.sub(r"[^\w.-]+", "-", name) + ".json")


def read_history(folder: Path, name: str) -> History:
    """Read the record of a lineage beside a folder of results; an empty one if there is none.

    ``UserError`` for a name that is too long, for another file, and for a full record.
    """
    try:
        empty = History(lineage=name)
    except ValidationError:
        raise UserError(f"--lineage: expected a name of 1 to 100 characters, not {len(name):,}") from None
    path = history_path(folder, name)
    if not path.exists():
        return empty
    content = read_bounded(path, LARGEST, "the record of a lineage")
    try:
        history = History.model_validate(parse_json(content))
    except ValueError:
        raise UserError(f"{path} is not the record of a lineage: move it, or choose another name") from None
    if history.lineage != name:
        raise UserError(
            f"{path} is the record of the lineage '{history.lineage}', not of '{name}': choose another name"
        )
    if len(history.images) == MOST:
        raise UserError(f"{path} already counts {MOST:,} certifications: choose another name")
    return history
