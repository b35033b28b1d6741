"""Prints cells and their bands: tables on a terminal, lines of text elsewhere, or JSON."""

import json
from collections.abc import Sequence

from rich.console import Console

from ferspec.grid.bands.bands import Band, Contribution
from ferspec.grid.cells import find_cell
from ferspec.grid.costs import CellCost, total_of
from ferspec.report.documents import bands_document, errata_of
from ferspec.report.tables import print_table
from ferspec.report.words import cell_name, level

PLAIN_WIDTH = 200
PICTURE_WIDTH = 25
LEFT = ("cell", "figure", "expected", "0 to 1")
# columns that a narrow terminal omits, the first of them first; numbers are never cut
DROPPED = ("0 to 1", "images\nan epoch", "usual\nepochs", "GFLOPs\nan image", "parameters", "PFLOPs\na training")
MEGA, GIGA, PETA = 1e6, 1e9, 1e15
SPLITS = {"val": "validation", "btfer": "BTFER"}
MEASURES = {"f1": "F1"}


def print_cells(costs: Sequence[CellCost], as_json: bool = False) -> None:
    """Print the cost of each cell, and of all together."""
    total = total_of(costs)
    if as_json:
        cells = [cost.model_dump(mode="json") for cost in costs]
        print(json.dumps({"cells": cells, "total": total.model_dump(mode="json")}, indent=2))
        return
    columns = ("cell", "parameters", "GFLOPs\nan image", "images\nan epoch", "usual\nepochs", "PFLOPs\na training")
    rows = []
    for cost in costs:
        images = "as drawn" if cost.images is None else f"{cost.images:,}"
        whole = "" if cost.training_flops is None else f"{cost.training_flops / PETA:,.2f}"
        gflops, epochs = f"{cost.flops / GIGA:,.3f}", f"about {cost.epochs}"
        rows.append((cost.cell, f"{cost.parameters:,}", gflops, images, epochs, whole))
    console = _console()
    _print_table(console, columns, rows)
    console.print(
        f"{total.cells} cells: about {total.epochs:,} epochs, "
        f"{total.images_seen / MEGA:,.1f} million images, {total.training_flops / PETA:,.2f} PFLOPs (FER-G-09)"
    )


def print_bands(bands: Sequence[Band], as_json: bool = False) -> None:
    """Print the band of each metric of a cell, its derivation, and the errata."""
    if as_json:
        print(bands_document(bands))
        return
    errata = errata_of(bands)
    console = _console()
    console.print(f"{bands[0].cell}: {cell_name(find_cell(bands[0].cell))}", style="bold", markup=False)
    trainings = "one further training" if bands[0].runs == 1 else f"the mean of {bands[0].runs} further trainings"
    console.print(f"{level()} prediction interval of {trainings}, profile {bands[0].profile}; {bands[0].direction}\n")
    rows = []
    for band in bands:
        ends = (_number(value, 3) for value in (band.low, band.high))
        expected = "unknown" if band.expected is None else f"{band.expected:.2f} {band.source}"
        rows.append((_figure(band.figure), expected, *ends, _picture(band)))
    _print_table(console, ("figure", "expected", "from", "to", "0 to 1"), rows)
    for band in bands:
        console.print(f"\n{_figure(band.figure)}", *_derivation(band), sep="\n  ", markup=False)
    if errata:
        console.print("\nMisprints and disagreements that name this cell ('ferspec spec show ERR-30'):")
        console.print(*(f"{erratum.id} {erratum.title}" for erratum in errata), sep="\n", markup=False)


def _derivation(band: Band) -> list[str]:
    """Return the derivation of a band in lines, or the reason why there is none."""
    if band.spread is None:
        return [f"no band: {band.missing}"]
    spread = band.spread
    return [
        f"printed {_number(band.printed, 2)}, released {_number(band.released, 2)}",
        f"one run has SD {spread.sd:.3f}, a typical one {spread.typical:.3f} ({spread.pairs} pairs of replicates)",
        "; ".join(_contribution(cause) for cause in band.contributions),
    ]


def _contribution(cause: Contribution) -> str:
    below, above = f"{cause.below:.3f}", f"{cause.above:.3f}"
    return f"{cause.cause} ±{above}" if below == above else f"{cause.cause} -{below} +{above}"


def _figure(name: str) -> str:
    """Return a metric in words: ``BTFER accuracy``."""
    part, _, measure = name.partition("_")
    return f"{SPLITS[part]} {MEASURES.get(measure, measure)}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _picture(band: Band) -> str:
    """Return a line from 0 to 1 that shows the band and its expected value; empty without a band."""
    if band.expected is None or band.low is None or band.high is None:
        return ""
    low, middle, high = (round(value * (PICTURE_WIDTH - 1)) for value in (band.low, band.expected, band.high))
    line = ["·"] * PICTURE_WIDTH
    line[low : high + 1] = "─" * (high - low + 1)
    line[low], line[high], line[middle] = "├", "┤", "●"
    return "".join(line)


def _print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    right = [column for column in columns if column not in LEFT]
    print_table(console, columns, rows, whole=columns, right=right, dropped=DROPPED, pictures=("0 to 1",))


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=PLAIN_WIDTH, highlight=False)
