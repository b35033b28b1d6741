"""Traceability: the checks of each clause, and the mutants that prove that these detect errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from ferspec import spec
from ferspec.checks.generator import (
    checks_for_artifacts,
    checks_for_certificate,
    checks_for_dataset,
    checks_for_implementation,
    checks_for_log,
    checks_for_model,
    checks_for_result_row,
)
from ferspec.engine import Check
from ferspec.grid.bands import bands
from ferspec.grid.finding import outcomes
from ferspec.grid.finding.findings import findings
from ferspec.records import Record
from ferspec.report.coverage.mutants import Mutation, mutations
from ferspec.spec.records import Clause, Status
from ferspec.subjects.models.claims import Claim

Subject = Literal[
    "implementation", "model", "training run", "artifacts", "result row", "certificate", "dataset", "grid"
]
State = Literal["covered", "untestable", "missing"]


class Checked(Record):
    """A check of a clause: its kind of subject, its requirement in words, and its module."""

    subject: Subject
    check: str
    module: str


class Covered(Record):
    """A clause, its checks, its mutants and right variations; ``missing`` without checks or mutants."""

    clause: str
    title: str
    status: Status
    state: State
    checks: tuple[Checked, ...] = ()
    mutants: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    reason: str | None = None


class Coverage(Record):
    """The coverage of clauses, and the number of clauses by state."""

    clauses: tuple[Covered, ...]
    covered: int
    untestable: int
    missing: int


def coverage(family: str | None = None) -> Coverage:
    """Return the coverage of the clauses of a family, or of all; ``UserError`` for an unknown family.

    A clause with a check and a mutant is covered; an untestable clause needs neither, and gives the reason.
    """
    checks = checks_by_clause()
    clauses = tuple(_covered(clause, checks.get(clause.id, ()), mutations()) for clause in spec.load().select(family))
    counts = {state: sum(clause.state == state for clause in clauses) for state in ("covered", "untestable", "missing")}
    return Coverage(clauses=clauses, **counts)


def checks_by_clause() -> dict[str, tuple[Checked, ...]]:
    """Return all checks by clause; checks of one clause that differ only in their case, once."""
    found: dict[str, dict[Checked, None]] = {}
    for clause, checked in (*_checks(), *_of_the_grid()):
        found.setdefault(clause, {})[checked] = None
    return {clause: tuple(checks) for clause, checks in found.items()}


def _checks() -> Iterator[tuple[str, Checked]]:
    any_claim = Claim(figure="accuracy", operator=">=", threshold=0.5)
    of_subject: dict[Subject, Iterable[Check]] = {
        "implementation": checks_for_implementation(),
        "model": checks_for_model([any_claim]),
        "training run": checks_for_log(),
        "artifacts": checks_for_artifacts(),
        "result row": checks_for_result_row(),
        "certificate": checks_for_certificate(),
        "dataset": checks_for_dataset(),
    }
    for subject, checks in of_subject.items():
        for check in checks:
            yield check.clause, Checked(subject=subject, check=_words(check), module=check.function.__module__)


def _of_the_grid() -> Iterator[tuple[str, Checked]]:
    """Yield the requirements on results of many trainings: the band of a cell, and the findings."""
    yield bands.CLAUSE, Checked(subject="grid", check="lies in its band", module=bands.__name__)
    supported = Checked(subject="grid", check="is supported beyond chance", module=outcomes.__name__)
    for finding in findings(()).findings:
        if finding.figure is not None:
            yield finding.clause, supported


def _words(check: Check) -> str:
    return check.function.__name__.strip("_").replace("_", " ")


def _covered(clause: Clause, checks: tuple[Checked, ...], known: Iterable[Mutation]) -> Covered:
    own = [mutation for mutation in known if mutation.clause == clause.id]
    names = {kind: tuple(each.name for each in own if each.kind == kind) for kind in ("mutant", "right")}
    state: State = "covered" if checks and names["mutant"] else "missing"
    return Covered(
        clause=clause.id,
        title=clause.title,
        status=clause.status,
        state="untestable" if clause.status == "untestable" else state,
        checks=checks,
        mutants=names["mutant"],
        right=names["right"],
        reason=clause.reason,
    )
