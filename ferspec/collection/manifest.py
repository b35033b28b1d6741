"""Read and write the manifests that the stages of a collection leave.

The folder of a collection:

    OUT/
      withdrawn.csv            digests of pictures that must never return (ferspec.collection.tombstones)
      1-collect/               pictures as collected, addresses, metadata: private
        manifest.csv  journal.jsonl  searches.jsonl  pictures/DIGEST.SUFFIX
      2-clean/                 the same pictures as upright PNG without metadata: private
        manifest.csv  journal.jsonl  review.html  decisions.csv  pictures/DIGEST.png
      3-crop/                  faces: private
        manifest.csv  journal.jsonl  review.html  decisions.csv  pictures/DIGEST.png
      4-sample/                which faces were drawn: private
        manifest.csv
      set/                     the set, to publish
        manifest.csv  datasheet.md  croissant.json  Angry/NAME.png ... Surprise/NAME.png

Each ``manifest.csv`` of a stage is a table in UTF-8 with one row for each picture and the columns of ``COLUMNS``, in
the order of the sources. Each picture has one ``digest``, the sha256 of its file as collected. The digest is the name
of its files in stages 1 to 3, and leads through all manifests. A picture that was not collected, such as one behind a
broken address, has an empty digest. The columns are:

- ``digest``, ``pixels``: the sha256 of the file as collected, and of its decoded pixels
  (``ferspec.subjects.datasets.decode.pixel_digest``, upright);
- ``address``: the sha256 of the address (``tombstones.address_digest``); ``source`` is the address itself, a URL or
  ``NAME/path`` of a folder or an archive. Only stage 1 has these two;
- ``file``: the path of the picture, relative to the folder of the stage; empty where there is none;
- ``label``: the class, one of the seven; a decision of a reviewer changes it;
- ``query``, ``language``, ``ethnicity``, ``gender``, ``age``: the terms of the query that found the picture. They are
  not facts about the person. Empty is unknown;
- ``licence``, ``consent``: as the source states them, else ``unknown``; consent is ``yes``, ``no`` or ``unknown``;
- ``decision``, ``reason``: ``keep``, ``drop``, or ``review`` where a person must decide, and why;
- ``tools``: the versions of the packages that decided;
- ``width``, ``height``, ``faces``, ``box``, ``sharpness``, ``flatness``, ``text`` (stages 2 and 3): size in pixels, the
  number of faces, the largest one as ``left top right bottom`` in pixels, and the measures of
  ``ferspec.collection.measures``;
- ``crop_digest``, ``crop_pixels`` (stages 3 and 4): the same digests of the picture of the face, as in the set;
- ``position``, ``path`` (stage 4): the place of the picture in the seeded order of its class, from 0, and its file
  below ``set/``; empty where it was not drawn.

The public ``set/manifest.csv`` has the columns of ``PUBLIC``: ``digest`` and ``pixels`` are those of the file in the
set, and ``original`` and ``original_pixels`` those of the picture as collected. It has no addresses, file names or
queries, which may name a person, and of licences only known identifiers (``ferspec.collection.licences``).

To withdraw a picture: append its digests to ``withdrawn.csv``; delete each line of a manifest, journal or
``decisions.csv`` that contains one of its digests; delete its files and the review pages. The same
``ferspec dataset build`` then draws the next face in the seeded order. ``manifest_paths`` and ``journal_paths`` list
what exists.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast

from ferspec.errors import UserError
from ferspec.files import csv_rows, write_whole

Stage = Literal["collect", "clean", "crop", "sample"]
STAGES: tuple[Stage, ...] = ("collect", "clean", "crop", "sample")
FOLDERS: dict[Stage, str] = {stage: f"{number}-{stage}" for number, stage in enumerate(STAGES, start=1)}
MANIFEST, JOURNAL, SEARCHES = "manifest.csv", "journal.jsonl", "searches.jsonl"
DECISIONS, PICTURES, SET = "decisions.csv", "pictures", "set"
DATASHEET, CROISSANT = "datasheet.md", "croissant.json"
LARGEST = 1 << 30

Decision = Literal["keep", "drop", "review"]
DECIDED: tuple[Decision, ...] = ("keep", "drop", "review")
UNKNOWN = "unknown"

_ORIGIN = ("query", "language", "ethnicity", "gender", "age", "licence", "consent")
_DECIDED = ("decision", "reason", "tools")
_MEASURED = ("width", "height", "faces", "box", "sharpness", "flatness", "text")
_CROP = ("crop_digest", "crop_pixels")
COLUMNS: dict[Stage, tuple[str, ...]] = {
    "collect": ("digest", "pixels", "address", "source", "file", "label", *_ORIGIN, *_DECIDED),
    "clean": ("digest", "pixels", "file", "label", *_ORIGIN, *_MEASURED, *_DECIDED),
    "crop": ("digest", "pixels", "file", "label", *_ORIGIN, *_MEASURED, *_CROP, *_DECIDED),
    "sample": ("digest", "pixels", "label", *_ORIGIN, *_CROP, "position", "path", *_DECIDED),
}
_PUBLISHED = tuple(name for name in _ORIGIN if name != "query")
PUBLIC = ("path", "label", "digest", "pixels", "original", "original_pixels", *_PUBLISHED)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Describe one picture at one stage; each field is a column, and empty where the stage does not have it."""

    digest: str = ""
    pixels: str = ""
    address: str = ""
    source: str = ""
    file: str = ""
    label: str = ""
    query: str = ""
    language: str = ""
    ethnicity: str = ""
    gender: str = ""
    age: str = ""
    licence: str = UNKNOWN
    consent: str = UNKNOWN
    width: str = ""
    height: str = ""
    faces: str = ""
    box: str = ""
    sharpness: str = ""
    flatness: str = ""
    text: str = ""
    crop_digest: str = ""
    crop_pixels: str = ""
    position: str = ""
    path: str = ""
    decision: Decision = "keep"
    reason: str = ""
    tools: str = ""

    @property
    def is_kept(self) -> bool:
        return self.decision == "keep"


FIELDS = frozenset(field.name for field in fields(Row))


def stage_of(name: str) -> Stage:
    """Return the stage of a name; ``UserError`` for another name."""
    for stage in STAGES:
        if stage == name:
            return stage
    raise UserError(f"{name!r} is not one of the stages {', '.join(STAGES)}")


def stage_folder(out: Path, stage: Stage) -> Path:
    """Return the folder of a stage."""
    return out / FOLDERS[stage]


def manifest_paths(out: Path) -> dict[Stage, Path]:
    """Return the manifests of the stages that have one; that of the set itself is ``set_manifest``."""
    paths = {stage: stage_folder(out, stage) / MANIFEST for stage in STAGES}
    return {stage: path for stage, path in paths.items() if path.is_file()}


def journal_paths(out: Path) -> tuple[Path, ...]:
    """Return the journals and files of decisions that exist: one line of text for each entry."""
    named = (stage_folder(out, stage) / name for stage in STAGES for name in (JOURNAL, SEARCHES, DECISIONS))
    return tuple(path for path in named if path.is_file())


def set_manifest(out: Path) -> Path:
    """Return the path of the public manifest."""
    return out / SET / MANIFEST


def read_manifest(path: Path) -> list[Row]:
    """Read the rows of a stage's manifest.

    ``UserError`` for a file that is not such a table: a column that is unknown, or a decision that is not one of
    ``DECIDED``.
    """
    lines = csv_rows(path, LARGEST, "a manifest")
    _, header = next(lines, (0, []))
    if "digest" not in header or not set(header) <= FIELDS:
        raise UserError(f"{path} is not the manifest of a stage: its columns are {', '.join(header) or 'missing'}")
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise UserError(f"{path} line {line}: {len(cells)} cells instead of {len(header)}")
        values = dict(zip(header, cells, strict=True))
        if values.get("decision", "keep") not in DECIDED:
            raise UserError(
                f"{path} line {line}: the decision {values['decision']!r} is not one of {', '.join(DECIDED)}"
            )
        rows.append(Row(**cast("dict[str, Decision]", values)))
    return rows


def write_manifest(out: Path, stage: Stage, rows: Iterable[Row]) -> Path:
    """Write the manifest of a stage under a temporary name and rename it; return its path."""
    columns = COLUMNS[stage]
    path = stage_folder(out, stage) / MANIFEST
    write_whole(path, table(columns, ([getattr(row, column) for column in columns] for row in rows)))
    return path


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a CSV table; each row is one line, since control characters in cells become blanks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_one_line(cell) for cell in row] for row in rows)
    return text.getvalue()


def _one_line(cell: str) -> str:
    # surrogates, from file names that are not UTF-8, cannot be written
    text = cell.encode("utf-8", "backslashreplace").decode()
    return "".join(character if character.isprintable() else " " for character in text)
