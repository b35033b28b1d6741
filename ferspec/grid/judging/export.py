"""The published figures as a table of results, which can be judged as anyone's."""

from __future__ import annotations

from pathlib import Path

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.grid.judging.results import Result
from ferspec.grid.judging.tables import results_text
from ferspec.spec.records import Cell, Profile


def export_published(path: Path, profile: Profile, force: bool = False) -> tuple[Result, ...]:
    """Write the figures of the 258 cells as a table of results, and return them.

    Under ``paper`` those of Tables 2 and 3, under ``released`` those of the authors' reports, and no figure of one in
    a row of the other: what is illegible, or not released, is left blank. Judged by the released reports, these lie
    within their bands by construction; print does not, and its judgement says where the two are how far apart.
    ``UserError`` where the file cannot be written, its folder is not there, or without ``force`` it holds other text.
    """
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} is no folder: make it first, or choose another file")
    results = tuple(_stated(cell, profile) for cell in spec.load().cells)
    text = results_text(results).encode()
    if not force and path.exists() and (not path.is_file() or path.read_bytes() != text):
        raise UserError(f"{path} is there already and holds something else: choose another file, or add --force")
    write_whole(path, text)
    return results


def _stated(cell: Cell, profile: Profile) -> Result:
    if profile == "paper":
        return Result(cell=cell.id, source="printed", figures=cell.printed)
    counts = {"val_n": cell.released_val_n, "btfer_n": cell.released_btfer_n}
    return Result(cell=cell.id, source="released", figures=cell.released, **counts)
