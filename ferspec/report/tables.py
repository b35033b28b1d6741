"""Tables on a terminal. No cell is cut: columns are left out, then long words continue on the next line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

# a word of this many characters is not broken while a column can be left out
UNBROKEN = 16
BETWEEN = 3

Row = Sequence[str | Text]


def print_table(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Row | None],
    whole: Collection[str] = (),
    right: Collection[str] = (),
    dropped: Sequence[str] = (),
    pictures: Collection[str] = (),
) -> None:
    """Print a table without the columns that do not fit, and name these, except pictures.

    Cells of the columns ``whole`` are not wrapped if it can be avoided, those of ``right`` are aligned right. Of
    ``dropped``, the first is left out first. A row None ends a section.
    """
    rows = list(rows)
    for count in range(len(dropped) + 1):
        left_out = [column for column in dropped[:count] if column in columns]
        table = _table(columns, rows, whole, right, left_out)
        fits = sum(_least(console, column) + BETWEEN for column in table.columns) - BETWEEN <= console.width
        if fits:
            break
    for column in table.columns:
        column.no_wrap = column.no_wrap and fits
    if fits:
        _share_width(console, table.columns)
    console.print(table)
    if hidden := [" ".join(column.split()) for column in left_out if column not in pictures]:
        console.print(f"a wider terminal, or --json, shows {', '.join(hidden)} too", style="dim")


def _table(
    columns: Sequence[str],
    rows: Iterable[Row | None],
    whole: Collection[str],
    right: Collection[str],
    left_out: Collection[str],
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    shown = [index for index, column in enumerate(columns) if column not in left_out]
    for name in (columns[index] for index in shown):
        justify = "right" if name in right else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name in whole)  # type: ignore[arg-type]
    for row in rows:
        if row is None:
            table.add_section()
        else:
            table.add_row(*(row[index] for index in shown))
    return table


def _share_width(console: Console, columns: Sequence[Column]) -> None:
    """Set the widths of columns that must be wrapped. Rich itself would break words that fit."""
    widths = [_least(console, column) for column in columns]
    whole = [max(size.maximum for size in _sizes(console, column)) for column in columns]
    spare = console.width - sum(widths) - BETWEEN * (len(widths) - 1)
    if sum(whole) - sum(widths) <= spare:
        return
    for _ in range(spare):
        narrowest = max(range(len(widths)), key=lambda index: whole[index] - widths[index])
        widths[narrowest] += 1
    for column, width in zip(columns, widths, strict=True):
        column.width = width


def _least(console: Console, column: Column) -> int:
    """Return the width that a column needs."""
    return max(size.maximum if column.no_wrap else min(size.minimum, UNBROKEN) for size in _sizes(console, column))


def _sizes(console: Console, column: Column) -> list[Measurement]:
    cells = [console.render_str(cell) if isinstance(cell, str) else cell for cell in (column.header, *column.cells)]
    return [Measurement.get(console, console.options.update(width=console.width * 9), cell) for cell in cells]
