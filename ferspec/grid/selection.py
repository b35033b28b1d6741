"""Selects cells by id, glob and field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from ferspec.errors import UserError
from ferspec.grid.cells import SYNTHETIC, find_cell
from ferspec.spec.names import nearest, plain_name
from ferspec.spec.records import IDENTITY, Cell

NAMING_FIELDS = ("id", "dataset")
WILD = "*?["


def select(cells: Iterable[Cell], expressions: Sequence[str] = ()) -> tuple[Cell, ...]:
    """Return the cells that any expression selects, in their order; without expressions, all published cells.

    An expression consists of terms separated by spaces, all of which must match. A term is ``field=value`` or a cell
    id; of several values or ids separated by commas, one must match. Values and ids may be globs. Case is ignored, and
    so are hyphens in values. Synthetic cells are selected only if an id or dataset contains ``synthetic``.
    ``UserError`` for an unknown field, value or id, with the nearest ones, and for an expression that selects nothing.
    """
    cells = tuple(cells)
    if not expressions:
        return tuple(cell for cell in cells if cell.dataset != SYNTHETIC)
    selected = set().union(*(_selected(expression, cells) for expression in expressions))
    return tuple(cell for cell in cells if cell.id in selected)


def _selected(expression: str, cells: Sequence[Cell]) -> set[str]:
    terms = expression.split()
    selected = {cell.id for cell in cells if cell.dataset != SYNTHETIC or SYNTHETIC in expression.lower()}
    for term in terms:
        selected &= _matching(term, cells)
    if not terms or not selected:
        raise UserError(f"the selection {expression!r} matches no cell: 'ferspec grid list' shows all cells")
    return selected


def _matching(term: str, cells: Sequence[Cell]) -> set[str]:
    """Return the ids of the cells that one term matches."""
    field, equals, values = term.partition("=") if "=" in term else ("id", "", term)
    if equals and field not in IDENTITY:
        near = nearest(field, IDENTITY)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(IDENTITY)}"
        raise UserError(f"unknown field {field!r} in the selection {term!r}: {hint}")
    return set().union(*(_with_value(field, value, cells) for value in values.split(",")))


def _with_value(field: str, value: str, cells: Sequence[Cell]) -> set[str]:
    """Return the ids of the cells whose field matches a value or glob."""
    plain = str.lower if field == "id" else plain_name
    includes_synthetic = field not in NAMING_FIELDS or SYNTHETIC in value.lower()
    ids: dict[str, set[str]] = {}
    for cell in cells:
        if includes_synthetic or cell.dataset != SYNTHETIC:
            ids.setdefault(str(getattr(cell, field)), set()).add(cell.id)
    matching = [name for name in ids if fnmatchcase(plain(name), plain(value))]
    if not matching:
        raise UserError(_unknown(field, value, ids))
    return set().union(*(ids[name] for name in matching))


def _unknown(field: str, value: str, known: Iterable[str]) -> str:
    if any(sign in value for sign in WILD):
        return f"{field} {value!r} matches no cell: 'ferspec grid list' shows all cells"
    if field == "id":
        find_cell(value)
    names = {plain_name(name): name for name in known}
    near = [names[word] for word in nearest(plain_name(value), names)]
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(names.values())}"
    return f"unknown {field} {value!r}: {hint}"
