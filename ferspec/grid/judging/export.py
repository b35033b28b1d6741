"""Exports the published metrics as a results table, which can be judged like any other."""

from __future__ import annotations

from pathlib import Path

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.grid.judging.results import Result
from ferspec.grid.judging.tables import results_text
from ferspec.spec.records import Cell, Profile


def export_published(path: Path, profile: Profile, force: bool = False) -> tuple[Result, ...]:
    """Write the metrics of the 258 cells as a results table, and return them.

    Profile ``paper`` takes them from Tables 2 and 3, ``released`` from the authors' reports; the two are never mixed,
    and illegible or unreleased metrics are blank. The released metrics lie within their own bands by construction; the
    judgement of the printed ones shows where and how far the two differ. ``UserError`` if the file cannot be written,
    its folder does not exist, or, without ``force``, it contains other text.
    """
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} is not a folder: create it first, or choose another file")
    results = tuple(_stated(cell, profile) for cell in spec.load().cells)
    text = results_text(results).encode()
    if not force and path.exists() and not _holds(path, text):
        raise UserError(f"{path} already exists with other content: choose another file, or add --force")
    write_whole(path, text)
    return results


def _holds(path: Path, content: bytes) -> bool:
    """Return whether a file has this content; a file of another size is not read."""
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _stated(cell: Cell, profile: Profile) -> Result:
    if profile == "paper":
        return Result(cell=cell.id, source="printed", figures=cell.printed)
    return Result(
        cell=cell.id,
        source="released",
        figures=cell.released,
        val_n=cell.released_val_n,
        btfer_n=cell.released_btfer_n,
    )
