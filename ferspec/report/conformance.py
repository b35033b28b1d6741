"""Prints a judged implementation: the verdict, failures, and what is not evaluated, by reason."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from ferspec.outcomes import Judgement, Status
from ferspec.report.documents import conformance_document
from ferspec.report.terminal import STYLES, by_reason, default_console, listed, print_judgement
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
        _print_wrapped(console, f"{shorten(reason.removeprefix(f'{name} '), 300)}: {listed(clauses)}")


def _print_wrapped(console: Console, text: str) -> None:
    for line in textwrap.wrap(
        plain(text), console.width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
    ):
        console.print(Text(line))
