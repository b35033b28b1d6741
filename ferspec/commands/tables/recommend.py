"""Prints a recommendation: the short list, what limits it, and the paper's statements."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

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
    for one in found.statements:
        console.print(f"[{STYLES[one.outcome]}]{one.outcome:<13}[/] {one.id:<7}", end=" ")
        console.print(one.text, markup=False)
        if one.outcome == "contradicted":
            console.print(f"              {one.reasons}", markup=False, style="dim")
    console.print("What decides each of them: --out DIR (as a page), or --json.", style="dim")
    if folder is not None:
        console.print(f"\npage: {folder / 'recommendation.html'}", markup=False, soft_wrap=True)
