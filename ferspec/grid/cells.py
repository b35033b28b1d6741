"""Lists the cells: the 258 of the paper, and the same networks on synthetic faces."""

from __future__ import annotations

from functools import cache

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import nearest
from ferspec.spec.records import Cell, CellMetrics
from ferspec.subjects.runs.artifacts.record import SYNTHETIC


def find_cell(id: str) -> Cell:
    """Return the cell with an id: one of the 258, or one on synthetic faces.

    ``UserError`` with the nearest ids for an unknown id.
    """
    known = all_cells()
    if id.lower() in known:
        return known[id.lower()]
    near = nearest(id.lower(), known)
    hint = f"did you mean {', '.join(near)}?" if near else "'ferspec grid list' shows all cells"
    raise UserError(f"unknown cell {id!r}: {hint}")


@cache
def all_cells() -> dict[str, Cell]:
    """Return every cell that can be trained, by its id. Synthetic ones come last and have no bands."""
    cells = spec.load().cells
    synthetic = (
        cell.model_copy(
            update={
                "dataset": SYNTHETIC,
                "printed": CellMetrics(),
                "released": CellMetrics(),
                "released_val_n": None,
                "released_btfer_n": None,
                "agreement": "neither",
            }
        )
        for cell in cells
        if cell.dataset == cells[0].dataset
    )
    return {cell.id: cell for cell in (*cells, *synthetic)}
