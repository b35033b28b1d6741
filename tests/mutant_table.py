"""Mutants and right variations of all families: how many are killed, how many passed; and their list.

Run as a program it judges all of them and prints a table; the exit status is 1 if a mutant lives or a right variation
fails. With ``--write`` it replaces their list and the page of coverage.
"""

from __future__ import annotations

import csv
import importlib
import io
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ferspec import spec
from ferspec.files import write_whole
from ferspec.outcomes import CheckResult, Status
from ferspec.report.coverage import mutants as listed
from mutants.kinds import Mutant, Right, judged_implementation

HERE = Path(__file__).parent
COVERAGE_PAGE = HERE.parent / "docs" / "coverage.md"
PROFILES = ("released", "paper")
HEADINGS = ("family", "mutants killed / total", "right passed / total")
KINDS = {Mutant: "mutant", Right: "right"}
Subject = Mutant | Right


@dataclass(frozen=True)
class Placed:
    """A mutant or right variation, and the module it stands in."""

    module: ModuleType
    subject: Subject

    @property
    def kind(self) -> str:
        return KINDS[type(self.subject)]

    @property
    def clause(self) -> str:
        return self.subject.clause

    @property
    def said(self) -> str:
        """The subject in one sentence."""
        verb = "kills" if self.kind == "mutant" else "passes"
        return f"{self.clause} {verb} {self.subject.name}"

    @property
    def made_from(self) -> str:
        """The right subject that it is made from: that of its module, or the suite's own implementation."""
        return self.module.__name__ if hasattr(self.module, "unmutated") else "implementation"

    def unmutated(self) -> tuple[CheckResult, ...]:
        """Return what the checks of its clause find on the right subject."""
        if hasattr(self.module, "unmutated"):
            return self.module.unmutated(self.clause)
        return tuple(finding for profile in PROFILES for finding in judged_implementation(self.clause, profile, {}))

    def is_as_it_must_be(self) -> bool:
        findings = self.subject.judged()
        return killed(findings) if self.kind == "mutant" else passed(findings)


def killed(findings: Sequence[CheckResult]) -> bool:
    return any(finding.status is Status.FAIL for finding in findings)


def passed(findings: Sequence[CheckResult]) -> bool:
    return not killed(findings) and any(finding.status is Status.PASS for finding in findings)


def collected() -> tuple[Placed, ...]:
    """Return all there are, in the order of the clauses; those of a clause in the order of their modules."""
    files = sorted((HERE / "mutants").rglob("*.py"))
    modules = [importlib.import_module(".".join(path.relative_to(HERE).with_suffix("").parts)) for path in files]
    found = [Placed(module, subject) for module in modules for subject in getattr(module, "MUTANTS", ())]
    return tuple(sorted(found, key=lambda placed: placed.clause))


def family_of(clause: str) -> str:
    return spec.load().clause(clause).family


def rows(tried: Iterable[tuple[str, str, bool]]) -> list[tuple[str, str, str]]:
    """Return killed / total and passed / total of every family, and of all, from family, kind and result."""
    total: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for family, kind, as_it_must_be in tried:
        for name in (family, "all"):
            total[name, kind] += 1
            right[name, kind] += as_it_must_be
    families = [*sorted({family for family, _ in total} - {"all"}), "all"]
    return [
        (family, *(f"{right[family, kind]} / {total[family, kind]}" for kind in KINDS.values())) for family in families
    ]


def written(subjects: Iterable[Placed]) -> str:
    """Return the list of all as CSV."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(listed.Mutation.model_fields)
    lines.writerows((placed.clause, placed.kind, placed.subject.name) for placed in subjects)
    return text.getvalue()


def write() -> None:
    """Write the list, and the page of coverage that follows from it."""
    from ferspec.report.coverage.coverage import coverage
    from ferspec.report.coverage.page import page

    write_whole(listed.PATH, written(collected()))
    listed.mutations.cache_clear()
    write_whole(COVERAGE_PAGE, page(coverage()))


def main() -> int:
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    console = Console(highlight=False)
    tried = [
        (placed, placed.is_as_it_must_be())
        for placed in track(collected(), "judging", console=Console(stderr=True), transient=True)
    ]
    table = Table(*HEADINGS, box=None)
    for row in rows((family_of(placed.clause), placed.kind, so) for placed, so in tried):
        table.add_row(*row)
    console.print(table)
    for placed, so in tried:
        if not so:
            console.print(f"UNEXPECTED  {placed.said}")
    return int(not all(so for _, so in tried))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        sys.exit(main())
