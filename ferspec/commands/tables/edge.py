"""Prints a conversion: the verdict, and a table of all files."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from ferspec.api.edge import EdgeConversion
from ferspec.report.edge.words import file_table, headline, intervals, missing, said
from ferspec.report.tables import print_table
from ferspec.report.terminal import STYLES
from ferspec.report.words import plain

PLAIN_WIDTH = 180
DROPPED = ("macro F1, points", "agreement", "memory")


def print_edge(found: EdgeConversion, folder: Path) -> None:
    """Print the verdict, what was measured of each file, and which formats have none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(Text(f"{headline(found)}: {plain(found.original.model.name)}", STYLES[found.verdict]))
    for sentence in said(found):
        console.print(sentence, markup=False)
    console.print()
    table = file_table(found)
    rows = [tuple(Text(plain(cell)) for cell in row) for row in table.rows]
    dropped = (*DROPPED, *[heading for heading in table.headings if heading.startswith("ms, ")][1:])
    print_table(console, table.headings, rows, whole=("file", "decision"), dropped=dropped)
    console.print(intervals(), style="dim")
    for title, reason in missing(found):
        console.print(Text(f"{title}: {plain(reason)}"))
    console.print(f"\npage: {folder / 'edge.html'}", markup=False, soft_wrap=True)
    first = next((file.name for file in found.converted), None)
    if first is not None:
        console.print(f"certify a file: ferspec certify {folder / first} -d DATASET", markup=False, soft_wrap=True)
