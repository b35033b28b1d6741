"""How a training that was evaluated again is printed: what its artifacts say beside what its network says now."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec.grid.training.evaluate import PartComparison, Reevaluation
from ferspec.reference.figures import Figure
from ferspec.report.terminal import STYLES, default_console
from ferspec.report.words import shorten
from ferspec.subjects.runs.artifacts.record import RunDeviation

LONGEST = 200


def print_reevaluated(again: Reevaluation, console: Console | None = None) -> None:
    """Print the verdict, a line for each part, and why the run is no protocol run, if it is none."""
    console = console or default_console()
    style = STYLES["pass" if again.verdict == "reproduced" else "fail"]
    console.print(Text.assemble((again.verdict.upper(), style), f"  {shorten(again.cell, LONGEST)}"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("part", "images", "accuracy", "again", "F1", "again", "apart by", "other class"):
        table.add_column(column, justify="left" if column == "part" else "right")
    for part in again.parts:
        table.add_row(*_row(part))
    console.print(table)
    if not again.report_matches:
        console.print(Text("report.json does not follow from predictions.csv", STYLES["fail"]))
    _print_deviations(console, "run.json leaves out:", again.undeclared)
    _print_deviations(console, "not a protocol run:", again.deviations)


def _print_deviations(console: Console, heading: str, deviations: Sequence[RunDeviation]) -> None:
    if deviations:
        console.print(heading)
    for deviation in deviations:
        told = f"{deviation.clause} {deviation.option}: {deviation.effect}"
        console.print(Text(f"  {shorten(told, LONGEST)}"), soft_wrap=True)


def _row(part: PartComparison) -> tuple[str, ...]:
    then, now = part.recorded.metrics, part.measured.metrics
    figures = (then.accuracy, now.accuracy, then.f1.weighted, now.f1.weighted)
    return part.part, f"{part.n:,}", *map(_value, figures), f"{part.largest_difference:.2g}", f"{part.changed:,}"


def _value(figure: Figure) -> str:
    return "undefined" if figure.value is None else f"{figure.value:.4f}"
