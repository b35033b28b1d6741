"""Prints a training that was evaluated again: the recorded metrics beside the measured ones."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec.grid.training.evaluate import Reevaluation, SplitComparison
from ferspec.reference.measured import Metric
from ferspec.report.terminal import STYLES, default_console
from ferspec.report.words import shorten
from ferspec.subjects.runs.artifacts.record import RunDeviation

LONGEST = 200


def print_reevaluated(found: Reevaluation, console: Console | None = None) -> None:
    """Print the verdict, a line for each split, and the deviations of the run."""
    console = console or default_console()
    style = STYLES["pass" if found.verdict == "reproduced" else "fail"]
    console.print(Text.assemble((found.verdict.upper(), style), f"  {shorten(found.cell, LONGEST)}"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("split", "images", "accuracy", "again", "F1", "again", "difference", "other class"):
        table.add_column(column, justify="left" if column == "split" else "right", overflow="fold")
    for part in found.parts:
        table.add_row(*_row(part))
    console.print(table)
    if not found.report_matches:
        console.print(Text("report.json contradicts predictions.csv", STYLES["fail"]))
    _print_deviations(console, "missing in run.json:", found.undeclared)
    _print_deviations(console, "not a protocol run:", found.deviations)


def _print_deviations(console: Console, heading: str, deviations: Sequence[RunDeviation]) -> None:
    if deviations:
        console.print(heading)
    for deviation in deviations:
        text = f"{deviation.clause} {deviation.option}: {deviation.effect}"
        console.print(Text(f"  {shorten(text, LONGEST)}"), soft_wrap=True)


def _row(part: SplitComparison) -> tuple[str, ...]:
    then, now = part.recorded.metrics, part.measured.metrics
    figures = (then.accuracy, now.accuracy, then.f1.weighted, now.f1.weighted)
    return part.part, f"{part.n:,}", *map(_value, figures), f"{part.largest_difference:.2g}", f"{part.changed:,}"


def _value(figure: Metric) -> str:
    return "undefined" if figure.value is None else f"{figure.value:.4f}"
