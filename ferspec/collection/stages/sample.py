"""Stage 4: draw the set by a seed, and write it with its manifest, datasheet and Croissant file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferspec import spec
from ferspec.collection.drawing import draw, grouped, in_order
from ferspec.collection.manifest import CROISSANT, DATASHEET, LARGEST, MANIFEST, SET, Row, Stage, stage_folder
from ferspec.collection.publication import croissant, datasheet, facts_of, public_table
from ferspec.errors import UserError
from ferspec.files import read_text, write_whole

# of the digest of the pixels, which name a file
NAMED = 16


def sample(cropped: Sequence[Row], per_class: int, seed: int) -> list[Row]:
    """Return the rows of all kept faces; those that were drawn have a path in the set.

    Of each class ``per_class`` are drawn (FER-D-09), as evenly over ethnicity, gender and age as the faces allow. A
    class with fewer faces gives all it has.
    """
    rows = _without_twins(cropped)
    by_class = grouped([(row.label, row.digest) for row in rows])
    groups = {label: grouped([(_terms(row), row.digest) for row in rows if row.label == label]) for label in by_class}
    drawn = {digest for label in groups for digest in draw(groups[label], per_class, seed)}
    positions = {d: place for digests in by_class.values() for place, d in enumerate(in_order(digests, seed))}
    return [
        replace(
            row,
            position=str(positions[row.digest]),
            path=f"{row.label}/{row.crop_pixels[:NAMED]}.png" if row.digest in drawn else "",
        )
        for row in rows
    ]


def _terms(row: Row) -> str:
    # the class, so that the groups that give one more are not the same ones in every class
    return "/".join((row.label, row.ethnicity, row.gender, row.age))


def missing(rows: Sequence[Row], per_class: int) -> dict[str, int]:
    """Return how many faces each class lacks; only classes that lack some."""
    drawn = {label: sum(row.label == label and bool(row.path) for row in rows) for label in spec.load().classes}
    return {label: per_class - count for label, count in drawn.items() if count < per_class}


def write_set(out: Path, name: str, seed: int, stages: Mapping[Stage, Sequence[Row]]) -> Path:
    """Write the set beside an earlier one, then rename it; return its folder.

    An earlier set is replaced as a whole, unless it is the same.
    """
    drawn = [row for row in stages["sample"] if row.path]
    texts = _texts(name, seed, stages)
    target = out / SET
    if _is_complete(target, drawn, texts):
        return target
    try:
        _replace(out, target, drawn, texts)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from None
    return target


def write_texts(out: Path, name: str, seed: int, stages: Mapping[Stage, Sequence[Row]]) -> None:
    """Write what an existing set says of itself, for the pictures that it still has."""
    for file, text in _texts(name, seed, stages).items():
        write_whole(out / SET / file, text)


def _texts(name: str, seed: int, stages: Mapping[Stage, Sequence[Row]]) -> dict[str, str]:
    manifest = public_table(row for row in stages["sample"] if row.path)
    facts = facts_of(name, seed, stages)
    return {MANIFEST: manifest, DATASHEET: datasheet(facts), CROISSANT: croissant(facts, manifest)}


def _replace(out: Path, target: Path, drawn: Sequence[Row], texts: Mapping[str, str]) -> None:
    for leftover in out.glob(f".{SET}.*"):  # of a build that was killed
        shutil.rmtree(leftover)
    written = Path(tempfile.mkdtemp(dir=out, prefix=f".{SET}."))
    for label in spec.load().classes:
        (written / label).mkdir()
    for row in drawn:
        shutil.copyfile(stage_folder(out, "crop") / row.file, written / row.path)
    for file, text in texts.items():
        (written / file).write_text(text, encoding="utf-8")
    os.chmod(written, 0o755)
    if target.exists():
        target.rename(Path(tempfile.mkdtemp(dir=out, prefix=f".{SET}.")) / SET)
    written.rename(target)
    for leftover in out.glob(f".{SET}.*"):
        shutil.rmtree(leftover)


def _is_complete(target: Path, drawn: Sequence[Row], texts: Mapping[str, str]) -> bool:
    """Return whether the folder holds this very set and nothing else."""
    if not target.is_dir():
        return False
    files = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    return files == {*texts, *(row.path for row in drawn)} and all(
        _is_text(target / file, text) for file, text in texts.items()
    )


def _is_text(path: Path, text: str) -> bool:
    """Return whether a file holds a text, whatever else it may be."""
    try:
        return read_text(path, LARGEST) == text
    except UserError:
        return False


def _without_twins(cropped: Sequence[Row]) -> list[Row]:
    """Return the kept rows; of faces with the same pixels, the first."""
    first: dict[str, Row] = {}
    for row in cropped:
        if row.is_kept:
            first.setdefault(row.crop_pixels, row)
    return list(first.values())
