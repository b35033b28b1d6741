"""Prints the specification: tables on a terminal, lines of text elsewhere, or JSON."""

import json
import textwrap
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from ferspec.report.tables import Row, print_table
from ferspec.spec import Cell, CellMetrics, Clause, Erratum, Spec
from ferspec.spec.loader import DATA

STYLES = {"normative": "green", "ambiguous": "yellow", "contradicted": "red", "untestable": "dim"}
PLAIN_WIDTH = 200
GRID = "grid.csv"
FAMILIES = {
    "A": "augmentation",
    "B": "behaviour of a model",
    "C": "classes",
    "D": "datasets",
    "F": "findings",
    "G": "grid and bands",
    "I": "datasets inspected",
    "M": "metrics",
    "N": "networks",
    "P": "pre-training and head",
    "R": "run artifacts",
    "S": "schedule",
    "V": "evaluation",
    "W": "class weights",
    "X": "certificates verified",
    "Z": "statistics",
}


def print_clauses(clauses: Iterable[Clause], as_json: bool = False) -> None:
    """Print one line for each clause: id, status, title and place."""
    if as_json:
        _print_json(clauses)
        return
    columns = ("clause", "status", "title", "place")
    rows = ((c.id, f"[{STYLES[c.status]}]{c.status}[/]", c.title, c.place) for c in clauses)
    print_table(_console(), columns, rows, whole=columns[:2], dropped=("place",))
    families = "; ".join(f"{letter} {meaning}" for letter, meaning in FAMILIES.items())
    _console().print(f"families: {families}", style="dim", markup=False)


def print_errata(errata: Iterable[Erratum], as_json: bool = False) -> None:
    """Print every erratum with its readings, the default marked."""
    if as_json:
        _print_json(errata)
        return
    rows: list[Row | None] = []
    for erratum in errata:
        touches = ", ".join(erratum.clauses) + (f", {len(erratum.cells)} cells" if erratum.cells else "")
        for number, reading in enumerate(erratum.readings):
            first = (erratum.id, erratum.title) if number == 0 else ("", "")
            rows.append((*first, _marked(reading.value, reading.default), reading.place, "" if number else touches))
        rows.append(None)
    print_table(_console(), ("erratum", "what", "value", "place", "touches"), rows, ("erratum",), dropped=("touches",))
    _console().print("* the default")


def print_entry(spec: Spec, id: str, as_json: bool = False) -> None:
    """Print one clause, erratum or cell, whichever has that id."""
    entry = spec.find(id)
    touching = [erratum for erratum in spec.errata if entry.id in (*erratum.clauses, *erratum.cells)]
    if as_json:
        data = entry.model_dump(mode="json") | {"id": entry.id}
        print(json.dumps(data | {"errata": [erratum.model_dump(mode="json") for erratum in touching]}, indent=2))
        return
    console = _console()
    if isinstance(entry, Clause):
        _print_clause(console, spec, entry)
    elif isinstance(entry, Erratum):
        _print_erratum(console, spec, entry)
    else:
        console.print(f"[bold]{entry.id}[/]")
        _print_figures(console, [entry])
    for erratum in touching:
        console.print(f"\n[bold]{erratum.id}[/] {erratum.title}")
        _print_readings(console, erratum)
        console.print(f"  {erratum.why}")


def _print_clause(console: Console, spec: Spec, clause: Clause) -> None:
    console.print(f"[bold]{clause.id}[/] {clause.title}   [{STYLES[clause.status]}]{clause.status}[/]")
    for profile, title in clause.titles.items():
        console.print(f"  under {profile}: {title}")
    console.print(f"  {clause.text}")
    console.print(f"  {clause.place} ({spec.sources[clause.source].name})")
    console.print(f"  stated in {clause.file}")
    if clause.reason:
        console.print(f"  cannot be tested: {clause.reason}")
    if clause.values or clause.profiles:
        names = (*clause.values, *clause.profiles.get("released", {}))
        rows = ((name, *(_shown(clause.value(name, profile)) for profile in ("released", "paper"))) for name in names)
        print_table(console, ("value", "released", "paper"), rows)
    for name, note in clause.notes.items():
        console.print(f"  {name.replace('_', ' ')}: {_shown(note)}", markup=False)
    if clause.data:
        console.print(f"  its values are in the data file {clause.data}:")
        console.print(_text_of(clause.data), markup=False)


def _text_of(name: str) -> str:
    """Return the text of a data file; for the long grid, the commands that print it."""
    if name == GRID:
        return "  'ferspec grid list' and 'ferspec spec show CELL' print it"
    return textwrap.indent((DATA / name).read_text(encoding="utf-8").rstrip(), "  ")


def _print_erratum(console: Console, spec: Spec, erratum: Erratum) -> None:
    console.print(f"[bold]{erratum.id}[/] {erratum.title}")
    _print_readings(console, erratum)
    console.print(f"  {erratum.why}")
    console.print(f"  touches {', '.join(erratum.clauses)}")
    if erratum.cells:
        _print_figures(console, [spec.cell(id) for id in erratum.cells])


def _print_readings(console: Console, erratum: Erratum) -> None:
    rows = ((_marked(reading.value, reading.default), reading.place) for reading in erratum.readings)
    print_table(console, ("value", "place"), rows)


def _print_figures(console: Console, cells: Iterable[Cell]) -> None:
    """Print the printed and released metrics of cells, one above the other."""
    columns = [
        name.replace("precision", "P").replace("recall", "R").replace("f1", "F1") for name in CellMetrics.model_fields
    ]
    names = [name.replace("accuracy", "acc").replace("_", " ") for name in columns]
    rows: list[Row | None] = []
    for cell in cells:
        for kind, figures in (("printed", cell.printed), ("released", cell.released)):
            shown = ("-" if value is None else f"{value:.2f}" for _, value in figures)
            rows.append((cell.id if kind == "printed" else f"  ({cell.agreement})", kind, *shown))
        rows.append(None)
    dropped = [name for name in names if not name.endswith("acc")]
    print_table(console, ("cell", "", *names), rows, whole=("", *names), dropped=dropped)


def _marked(value: str, default: bool) -> str:
    return f"[bold]{value} *[/]" if default else value


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def _print_json(records: Iterable[BaseModel]) -> None:
    print(json.dumps([record.model_dump(mode="json") for record in records], indent=2))
