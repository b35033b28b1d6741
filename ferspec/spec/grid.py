"""Read the published cells, compare print with released reports, and select cells by rules."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ferspec.spec.reading import SpecError, to_record
from ferspec.spec.records import Agreement, Cell, CellMetrics, Clause

Clauses = Mapping[str, Clause]


def read_cells(path: Path, clauses: Clauses) -> tuple[Cell, ...]:
    """Return all cells in the order of the file; ``SpecError`` where one occurs twice."""
    thresholds = [_threshold(clauses, "FER-G-04", name) for name in ("agree_below", "near_up_to")]
    cells: dict[str, Cell] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            cell = _cell(row, f"line {number}", path.name)
            if cell.id in cells:
                raise SpecError(f"{path.name}: line {number}: the cell {cell.id} occurs twice")
            cells[cell.id] = cell.model_copy(update={"agreement": _agreement(cell, *thresholds)})
    return tuple(cells.values())


def _cell(row: dict[str, str], entry: str, file: str) -> Cell:
    data: dict[str, Any] = {"printed": {}, "released": {}}
    for key, value in row.items():
        kind, _, metric = (key or "").partition("_")
        if not value:
            continue
        if kind in ("printed", "released") and metric in CellMetrics.model_fields:
            data[kind][metric] = value
        else:
            data[key or "a column too many"] = int(value) if key == "resolution" and value.isdigit() else value
    return to_record(Cell, data, file, entry)


def _agreement(cell: Cell, agree_below: float, near_up_to: float) -> Agreement:
    printed, released = cell.printed.model_dump(exclude_none=True), cell.released.model_dump(exclude_none=True)
    shared = printed.keys() & released.keys()
    if not shared:
        return "printed only" if printed else "released only" if released else "neither"
    return agreement_of([abs(printed[metric] - released[metric]) for metric in shared], agree_below, near_up_to)


def agreement_of(distances: Sequence[float], agree_below: float, near_up_to: float) -> Agreement:
    """Return how well metrics with these differences agree, by the thresholds of FER-G-04."""
    mean = _rounded(sum(distances) / len(distances))
    return "agree" if mean < agree_below else "near" if mean <= near_up_to else "differ"


def _misprinted(cell: Cell, clauses: Clauses) -> bool:
    """Return whether a printed accuracy differs from the printed weighted recall."""
    tolerance, printed = _threshold(clauses, "FER-M-03", "printed_tolerance"), cell.printed
    pairs = (printed.val_recall, printed.val_accuracy), (printed.btfer_recall, printed.btfer_accuracy)
    return any(
        recall is not None and accuracy is not None and _rounded(abs(recall - accuracy)) > tolerance
        for recall, accuracy in pairs
    )


def _rounded(difference: float) -> float:
    # a binary sum of hundredths may lie on either side of a threshold
    return round(difference, 6)


def _threshold(clauses: Clauses, id: str, name: str) -> float:
    if id not in clauses or name not in clauses[id].values:
        raise SpecError(f"clauses: {id}: the value {name!r} is missing; the grid cannot be read without it")
    value = clauses[id].values[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(f"clauses: {id}: {name} is {value!r}, expected a number")
    return value


CELL_RULES: dict[str, Callable[[Cell, Clauses], bool]] = {
    "differ": lambda cell, _: cell.agreement == "differ",
    "near": lambda cell, _: cell.agreement == "near",
    "illegible": lambda cell, _: cell.printed.val_accuracy is None,
    "unknown": lambda cell, _: cell.btfer_accuracy() is None,
    "accuracy is not recall": _misprinted,
}
