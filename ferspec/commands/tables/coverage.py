"""Prints coverage: a line for each clause, or JSON."""

from collections import Counter

from rich import box
from rich.console import Console
from rich.table import Table

from ferspec.report.coverage.coverage import Coverage, Covered
from ferspec.report.coverage.page import summary

STYLES = {"covered": "green", "untestable": "dim", "missing": "bold red"}
PLAIN_WIDTH = 200


def print_coverage(coverage: Coverage, as_json: bool = False) -> None:
    """Print every clause with its checks, mutants and state, and the totals by state."""
    if as_json:
        print(coverage.model_dump_json(indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("clause", "state", "title", "checks", "mutants", "right"):
        table.add_column(name, no_wrap=name in ("clause", "state"), justify="right" if name == "right" else "left")
    for clause in coverage.clauses:
        state = f"[{STYLES[clause.state]}]{clause.state}[/]"
        mutants = f"{len(clause.mutants)}: {'; '.join(clause.mutants)}" if clause.mutants else "0"
        table.add_row(clause.clause, state, clause.title, _checks(clause), mutants, str(len(clause.right)))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)
    console.print(table)
    console.print(summary(coverage))


def _checks(clause: Covered) -> str:
    if clause.reason:
        return clause.reason
    counted = Counter(check.subject for check in clause.checks)
    return ", ".join(f"{count} of {subject}" for subject, count in counted.items()) or "none"
