"""The table of coverage as a page of the documentation."""

from __future__ import annotations

from collections import Counter

from ferspec.report.coverage.coverage import Coverage, Covered

INTRODUCTION = """\
# Coverage

How many checks judge each clause, where they are, and how many mutants show that they catch what is wrong. A *mutant*
is a deliberately wrong subject that a check of the clause must fail. A *right variation* does it in another way and
must not fail. A clause with a check and a mutant is *covered*. All mutants and right variations are listed in
[mutants.csv](../ferspec/report/coverage/mutants.csv). This shows those of a family with its checks:

```sh
ferspec spec coverage --family W
```

`python tests/mutant_table.py --write` makes this page and the list from the tests. Without `--write` it runs all
mutants and prints how many are killed.
"""
HEADER = "| clause | checks | mutants | right variations |\n| --- | --- | --- | --- |\n"


def page(coverage: Coverage) -> str:
    """Return the page in Markdown, a table for each family."""
    families: dict[str, list[Covered]] = {}
    for clause in coverage.clauses:
        families.setdefault(clause.clause.rpartition("-")[0], []).append(clause)
    tables = [f"## {family}\n\n{HEADER}{''.join(map(_row, clauses))}" for family, clauses in families.items()]
    return "\n".join([INTRODUCTION, f"{summary(coverage)}\n", *tables])


def summary(coverage: Coverage) -> str:
    """Return the numbers of clauses, mutants and right variations, in one line."""
    mutants, right = (sum(len(getattr(each, kind)) for each in coverage.clauses) for kind in ("mutants", "right"))
    counts = f"{coverage.covered} covered, {coverage.untestable} untestable, {coverage.missing} missing"
    return f"{len(coverage.clauses)} clauses: {counts}; {mutants} mutants, {right} right variations."


def _row(clause: Covered) -> str:
    cells = [f"{clause.clause} {clause.title}", _checks(clause), str(len(clause.mutants)), str(len(clause.right))]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def _checks(clause: Covered) -> str:
    """Return how many checks judge each subject, linked to their module."""
    if clause.state == "untestable":
        return "untestable"
    counted = Counter((check.subject, check.module) for check in clause.checks)
    return ", ".join(
        f"[{subject}: {count}](../{module.replace('.', '/')}.py)" for (subject, module), count in counted.items()
    )
