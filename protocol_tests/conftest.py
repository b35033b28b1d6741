"""With an implementation named, it alone is judged; without, specification and suite are, and mutants are counted."""

from pathlib import Path

import pytest

from ferspec.plugin import is_left_out


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if is_left_out(collection_path, config) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many mutants were killed; the processes of pytest-xdist hand in what they tried with their reports."""
    tried = [
        (*properties["mutation"], outcome == "passed")
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if "mutation" in (properties := dict(getattr(report, "user_properties", ()))) and report.when == "call"
    ]
    if not tried:
        return
    from mutant_table import HEADINGS, rows

    terminalreporter.section("mutants")
    for row in (HEADINGS, *rows(tried)):
        terminalreporter.write_line("".join(cell.ljust(26) for cell in row).rstrip())
