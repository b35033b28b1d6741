"""Read the digests by which pictures of BTFER are recognised."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from ferspec.records import Record
from ferspec.spec import loader
from ferspec.spec.reading import SpecError, to_record

FOLDER = "btfer"
REDUCED, PUBLISHED = "fingerprints.csv", "published.csv"
# the one column in which different pictures may be equal
HASH = "bits256"
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
OneOrMore = Annotated[str, Field(pattern=r"^[0-9a-f]{64}(\|[0-9a-f]{64})*$")]

P = TypeVar("P", bound=Record)


class ReducedPicture(Record):
    """A picture shrunk to 48 × 48: its digest, its hash, and its digest under each of its labels.

    ``sha256_rgb48`` is the sha256 of its RGB bytes, ``sha256_rgb48_label`` that of the bytes followed by the name of
    a class; several are separated by ``|``. So a label can be confirmed, but not read.
    """

    sha256_rgb48: Sha256
    bits256: Sha256
    sha256_rgb48_label: OneOrMore

    @property
    def labelled(self) -> frozenset[str]:
        """The digests of the picture under each of its labels."""
        return frozenset(self.sha256_rgb48_label.split("|"))


class PublishedPicture(Record):
    """A picture as its publisher states it, by its file or by its pixels; either may be blank.

    Each is the sha256 of a digest in hexadecimal, followed by the name of the class: the sha256 of the file, or that
    of its decoded pixels (as in a manifest).
    """

    sha256_file_label: Sha256 | None = None
    sha256_pixels_label: Sha256 | None = None


class Pictures(Record):
    """All known pictures of BTFER. Where the publisher's own digests are known, these alone decide."""

    reduced: tuple[ReducedPicture, ...]
    published: tuple[PublishedPicture, ...] = ()


@cache
def pictures(folder: Path | None = None) -> Pictures:
    """Read the known pictures from the data files; ``SpecError``, naming file and line, for a malformed one."""
    folder = folder or loader.DATA / FOLDER
    return Pictures(
        reduced=tuple(_rows(ReducedPicture, folder / REDUCED)),
        published=tuple(_rows(PublishedPicture, folder / PUBLISHED)),
    )


def _rows(model: type[P], path: Path) -> Iterator[P]:
    seen: set[str] = set()
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            stated = {key or "a column too many": value for key, value in row.items() if value}
            digests = {str(value) for key, value in stated.items() if key != HASH}
            if not digests or digests & seen:
                problem = "a digest occurs twice" if digests else "the line is blank"
                raise SpecError(f"{path.name}: line {number}: {problem}")
            seen |= digests
            yield to_record(model, stated, path.name, f"line {number}")
