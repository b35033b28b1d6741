"""Prints how far a set is built, and the query plan."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec.api.dataset.build import BuiltDataset
from ferspec.collection.manifest import table
from ferspec.collection.plan import Query
from ferspec.report.terminal import STYLES, default_console
from ferspec.report.words import plain

WORDS = {"complete": "pass", "stopped": "pass", "waits for review": "inconclusive", "lacks faces": "inconclusive"}


def print_built(found: BuiltDataset, as_json: bool = False, console: Console | None = None) -> None:
    """Print the state of a build, each stage, and what to do next."""
    if as_json:
        print(found.to_json())
        return
    console = console or default_console()
    console.print(Text.assemble((found.state.upper(), STYLES[WORDS[found.state]]), f"  {plain(found.out)}"))
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("stage", "kept", "dropped", "for review"):
        rows.add_column(name, justify="left" if name == "stage" else "right")
    for stage, counts in found.stages.items():
        rows.add_row(stage, *(f"{count:,}" for count in (counts.kept, counts.dropped, counts.review)))
    console.print(rows)
    if any(found.classes.values()):
        drawn = ", ".join(f"{label} {count:,}" for label, count in found.classes.items())
        console.print(f"drawn with seed {found.seed}: {drawn}", soft_wrap=True, highlight=False)
    console.print(f"next: {plain(found.next)}", soft_wrap=True, highlight=False, markup=False)


def print_queries(queries: Sequence[Query], as_json: bool = False) -> None:
    """Print queries as CSV, with their terms."""
    if as_json:
        print(json.dumps([query.model_dump() for query in queries], indent=2, ensure_ascii=False))
        return
    columns = ("text", "language", "label", "ethnicity", "gender", "age")
    header = ("query", *columns[1:])
    print(table(header, ([getattr(query, column) for column in columns] for query in queries)), end="")
