"""Prints coverage: a line for each clause, or JSON."""

from collections import Counter

from rich.console import Console

from ferspec.report.coverage.coverage import Coverage, Covered
from ferspec.report.coverage.page import summary
from ferspec.report.tables import print_table

STYLES = {"covered": "green", "untestable": "dim", "missing": "bold red"}
PLAIN_WIDTH = 200


def print_coverage(coverage: Coverage, as_json: bool = False) -> None:
    """Print every clause with its checks, mutants and state, and the totals by state."""
    if as_json:
        print(coverage.model_dump_json(indent=2))
        return
    rows = []
    for clause in coverage.clauses:
        state = f"[{STYLES[clause.state]}]{clause.state}[/]"
        mutants = f"{len(clause.mutants)}: {'; '.join(clause.mutants)}" if clause.mutants else "0"
        rows.append((clause.clause, state, clause.title, _checks(clause), mutants, str(len(clause.right))))
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)
    columns = ("clause", "state", "title", "checks", "mutants", "right")
    print_table(console, columns, rows, whole=columns[:2], right=columns[-1:], dropped=("mutants", "right"))
    console.print(summary(coverage))


def _checks(clause: Covered) -> str:
    if clause.reason:
        return clause.reason
    counted = Counter(check.subject for check in clause.checks)
    return ", ".join(f"{count} of {subject}" for subject, count in counted.items()) or "none"
