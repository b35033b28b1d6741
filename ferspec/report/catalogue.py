"""The catalogue of capabilities: on the terminal, as JSON, and as the table in docs/conform.md."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ferspec.checks.generator import checks_for_implementation
from ferspec.files import write_whole
from ferspec.report.terminal import default_console
from ferspec.subjects.implementations.capabilities import CATALOGUE

PATH = Path(__file__).parents[2] / "docs" / "conform.md"
BEGIN, END = "<!-- capabilities: python -m ferspec.report.catalogue -->\n", "<!-- end of capabilities -->"


def clauses_by_capability() -> dict[str, list[str]]:
    """Return the clauses whose checks need each capability, in the order of the checks."""
    clauses: dict[str, list[str]] = {name: [] for name in CATALOGUE}
    for check in checks_for_implementation():
        for need in check.needs:
            if check.clause not in clauses[need]:
                clauses[need].append(check.clause)
    return clauses


def print_catalogue(as_json: bool = False, console: Console | None = None) -> None:
    """Print every capability: its signature, its sentence, and the clauses whose checks need it."""
    clauses = clauses_by_capability()
    if as_json:
        entries = [
            {"name": name, "signature": entry.signature, "sentence": entry.sentence, "clauses": clauses[name]}
            for name, entry in CATALOGUE.items()
        ]
        print(json.dumps(entries, indent=2))
        return
    console = console or default_console()
    for name, entry in CATALOGUE.items():
        console.print(Text(entry.signature, "bold"), soft_wrap=True)
        for text in (entry.sentence, ", ".join(clauses[name])):
            for line in textwrap.wrap(
                text, console.width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
            ):
                console.print(Text(line))


def table() -> str:
    """Return the catalogue as a table of Markdown."""
    clauses = clauses_by_capability()
    rows = [
        f"| `{entry.signature.replace('|', chr(92) + '|')}` | {entry.sentence} | {', '.join(clauses[name])} |"
        for name, entry in CATALOGUE.items()
    ]
    return "\n".join(["| capability | answer | clauses |", "| --- | --- | --- |", *rows]) + "\n"


def generated(page: str) -> str:
    """Return the text of the page with the current table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    write_whole(PATH, generated(PATH.read_text(encoding="utf-8")))
