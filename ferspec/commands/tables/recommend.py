"""Prints a recommendation: the short list, what limits it, and the paper's statements."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec.api.recommend import Recommendation
from ferspec.grid.advising.verdicts import Outcome
from ferspec.report.advice.words import option_table, said, totals
from ferspec.report.tables import print_table

PLAIN_WIDTH = 160
STYLES: dict[Outcome, str] = {
    "supported": "green",
    "tied": "yellow",
    "contradicted": "red",
    "not evaluated": "dim",
}
DROPPED = ("measured", "validation")


def print_recommendation(found: Recommendation, folder: Path | None = None) -> None:
    """Print the short list and the outcomes of the paper's statements."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    table = option_table(found)
    print_table(console, table.headings, table.rows, right=("place", "parameters"), dropped=DROPPED)
    console.print()
    for sentence in said(found):
        console.print(sentence, markup=False)
    console.print()
    console.print(totals(found), markup=False)
    console.print(_statements(found))
    console.print("What decides each of them: --out DIR (as a page), or --json.", style="dim")
    if folder is not None:
        console.print(f"\npage: {folder / 'recommendation.html'}", markup=False, soft_wrap=True)


def _statements(found: Recommendation) -> Table:
    """Return the paper's statements with their outcomes; those that are contradicted with their reasons."""
    table = Table.grid(padding=(0, 1))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in found.statements:
        table.add_row(Text(one.outcome, STYLES[one.outcome]), one.id, Text(one.text))
        if one.outcome == "contradicted":
            table.add_row("", "", Text(one.reasons, "dim"))
    return table
