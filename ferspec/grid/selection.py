"""Chooses cells by id, by glob and by field."""

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
    """Return the cells that any of the expressions selects, in their order; without expressions all that are published.

    An expression consists of terms, separated by spaces, that must all hold. A term is ``field=value``, or the id of a
    cell; of several values or ids, separated by commas, one must hold. Values and ids may be globs; case does not
    matter, nor do hyphens in values. Synthetic cells are selected only where an id or a dataset says ``synthetic``.
    ``UserError`` for an unknown field, value or id, with the nearest, and for an expression that selects nothing.
    """
    cells = tuple(cells)
    if not expressions:
        return tuple(cell for cell in cells if cell.dataset != SYNTHETIC)
    chosen = set().union(*(_chosen(expression, cells) for expression in expressions))
    return tuple(cell for cell in cells if cell.id in chosen)


def _chosen(expression: str, cells: Sequence[Cell]) -> set[str]:
    terms = expression.split()
    chosen = {cell.id for cell in cells if cell.dataset != SYNTHETIC or SYNTHETIC in expression.lower()}
    for term in terms:
        chosen &= _holding(term, cells)
    if not terms or not chosen:
        raise UserError(f"the selection {expression!r} matches no cell: 'ferspec grid list' shows what there is")
    return chosen


def _holding(term: str, cells: Sequence[Cell]) -> set[str]:
    """Return the ids of the cells for which one term holds."""
    field, equals, values = term.partition("=") if "=" in term else ("id", "", term)
    if equals and field not in IDENTITY:
        near = nearest(field, IDENTITY)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(IDENTITY)}"
        raise UserError(f"unknown field {field!r} in the selection {term!r}: {hint}")
    return set().union(*(_having(field, value, cells) for value in values.split(",")))


def _having(field: str, value: str, cells: Sequence[Cell]) -> set[str]:
    """Return the ids of the cells whose field has a value, or fits it as a glob."""
    plain = str.lower if field == "id" else plain_name
    named = field not in NAMING_FIELDS or SYNTHETIC in value.lower()
    having: dict[str, set[str]] = {}
    for cell in cells:
        if named or cell.dataset != SYNTHETIC:
            having.setdefault(str(getattr(cell, field)), set()).add(cell.id)
    fitting = [name for name in having if fnmatchcase(plain(name), plain(value))]
    if not fitting:
        raise UserError(_unknown(field, value, having))
    return set().union(*(having[name] for name in fitting))


def _unknown(field: str, value: str, known: Iterable[str]) -> str:
    if any(sign in value for sign in WILD):
        return f"{field} {value!r} fits no cell: 'ferspec grid list' shows what there is"
    if field == "id":
        find_cell(value)
    names = {plain_name(name): name for name in known}
    near = [names[word] for word in nearest(plain_name(value), names)]
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(names.values())}"
    return f"unknown {field} {value!r}: {hint}"
