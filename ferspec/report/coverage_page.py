"""The table of coverage as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.report.coverage import Coverage, Covered

INTRODUCTION = """\
# Coverage

By which checks each clause is judged, and which mutants prove that these catch what is wrong: deliberately wrong
subjects that the checks of the clause must fail. Right variations do it otherwise, and must not be failed. A clause is
covered that has a check and a mutant; a family is shown, as JSON if wanted, by

```sh
ferspec spec coverage --family W
```

This page and the list of mutants are made from the tests by `python tests/mutant_table.py --write`;
without `--write` it runs all of them and prints how many are killed.
"""
HEADER = "| clause | judged on | checks | mutants | right variations |\n| --- | --- | --- | --- | --- |\n"


def page(coverage: Coverage) -> str:
    """Return the page in Markdown, a table for each family."""
    families: dict[str, list[Covered]] = {}
    for clause in coverage.clauses:
        families.setdefault(clause.clause.rpartition("-")[0], []).append(clause)
    tables = [f"## {family}\n\n{HEADER}{''.join(map(_row, clauses))}" for family, clauses in families.items()]
    return "\n".join([INTRODUCTION, f"{summary(coverage)}\n", *tables])


def summary(coverage: Coverage) -> str:
    """Return how many clauses, mutants and right variations there are, in a line."""
    mutants, right = (sum(len(getattr(each, kind)) for each in coverage.clauses) for kind in ("mutants", "right"))
    counts = f"{coverage.covered} covered, {coverage.untestable} untestable, {coverage.missing} missing"
    return f"{len(coverage.clauses)} clauses: {counts}; {mutants} mutants, {right} right variations."


def _row(clause: Covered) -> str:
    named = f"{clause.clause} {clause.title}"
    if clause.state == "untestable":
        return _cells(named, "–", f"untestable: {clause.reason}", "–", "–")
    subjects = dict.fromkeys(check.subject for check in clause.checks)
    checks = dict.fromkeys(check.check for check in clause.checks)
    return _cells(named, _listed(subjects), _listed(checks), _listed(clause.mutants), _listed(clause.right))


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def _listed(words: Iterable[str]) -> str:
    return "; ".join(words) or "–"
