"""Prints a judged implementation: the verdict, failures, and what is not evaluated, by reason."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from ferspec.outcomes import Judgement, Outcome, Status
from ferspec.report.documents import conformance_document
from ferspec.report.terminal import STYLES, default_console, print_judgement
from ferspec.report.words import plain, shorten
from ferspec.spec.records import Profile


def print_conformance(
    judgement: Judgement, name: str, profile: Profile, as_json: bool = False, console: Console | None = None
) -> None:
    """Print verdict, counts, every outcome except passes, and what is not evaluated, by reason."""
    if as_json:
        print(conformance_document(judgement, name, profile))
        return
    console = console or default_console()
    evaluated = tuple(outcome for outcome in judgement.outcomes if outcome.status is not Status.NOT_EVALUATED)
    console.print(Text(f"{shorten(name, 60)}, profile {profile}"))
    print_judgement(replace(judgement, outcomes=evaluated), console=console)
    reasons = by_reason(judgement.outcomes)
    if reasons:
        console.print()
        console.print(Text("NOT EVALUATED", STYLES["not_evaluated"]))
    for reason, clauses in reasons.items():
        listed = ", ".join(clause if count == 1 else f"{clause} ({count} checks)" for clause, count in clauses.items())
        _print_wrapped(console, f"{shorten(reason.removeprefix(f'{name} '), 300)}: {listed}")


def by_reason(outcomes: tuple[Outcome, ...]) -> dict[str, Counter[str]]:
    """Return the clauses that are not evaluated, with their number of checks, by reason."""
    reasons: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        if outcome.status is Status.NOT_EVALUATED:
            reasons.setdefault(outcome.message, Counter())[outcome.clause] += 1
    return reasons


def _print_wrapped(console: Console, text: str) -> None:
    for line in textwrap.wrap(
        plain(text), console.width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
    ):
        console.print(Text(line))
