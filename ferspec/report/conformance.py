"""Prints a judged implementation: the verdict, failures, and what is not evaluated, by reason."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import get_args

from rich.console import Console
from rich.text import Text

from ferspec.causes import Cause, Departures, Origin
from ferspec.outcomes import Judgement, Status
from ferspec.report.documents import conformance_document
from ferspec.report.terminal import STYLES, by_reason, default_console, listed, print_judgement, print_outcomes
from ferspec.report.words import plain, shorten
from ferspec.spec.records import Profile

ORIGINS: dict[Origin, str] = {
    "paper": "{} from the paper's text",
    "runs": "{} from the released runs alone",
    "suite": "{} from this suite's statistics",
}


def print_conformance(
    judgement: Judgement,
    name: str,
    profile: Profile,
    departures: Departures,
    as_json: bool = False,
    console: Console | None = None,
) -> None:
    """Print verdict, counts, failures by cause, and what is not evaluated, by reason.

    The first failure of a cause represents all. Passes are not printed.
    """
    if as_json:
        print(conformance_document(judgement, name, profile, departures))
        return
    console = console or default_console()
    console.print(Text(f"{shorten(name, 60)}, profile {profile}"))
    evaluated = {outcome.check: outcome for outcome in judgement.outcomes if outcome.status is not Status.NOT_EVALUATED}
    caused = {check for cause in departures.causes for check in cause.checks}
    print_judgement(replace(judgement, outcomes=()), console=console)
    for sentence in summed_up(departures, profile):
        console.print(Text(sentence))
    for number, cause in enumerate(departures.causes, start=1):
        console.print()
        console.print(Text(f"CAUSE {number} of {len(departures.causes)}", STYLES["fail"]))
        for line in caused_by(cause):
            _print_wrapped(console, line)
        print_outcomes(console, [evaluated[cause.checks[0]]])
    print_outcomes(console, (outcome for check, outcome in evaluated.items() if check not in caused))
    reasons = by_reason(judgement.outcomes)
    if reasons:
        console.print()
        console.print(Text("NOT EVALUATED", STYLES["not_evaluated"]))
    for reason, clauses in reasons.items():
        _print_wrapped(console, f"{shorten(reason.removeprefix(f'{name} '), 300)}: {listed(clauses)}")


def summed_up(departures: Departures, profile: Profile) -> list[str]:
    """Return in sentences how many causes the failures have, and what they depart from; empty without failures."""
    causes, failures = len(departures.causes), len({check for cause in departures.causes for check in cause.checks})
    if not failures:
        return []
    (other,) = {*get_args(Profile)} - {profile}
    origins = ", ".join(ORIGINS[origin].format(count) for origin, count in departures.origins.items())
    sentences = [
        f"{_counted(failures, 'failure')} with {_counted(causes, 'cause')}" + (f": {origins}" if origins else "")
    ]
    if departures.other_profile:
        sentences.append(f"{len(departures.other_profile)} of them would pass under --profile {other}")
    return sentences


def caused_by(cause: Cause) -> list[str]:
    """Return a cause, and a line with its clauses."""
    return [
        shorten(cause.cause or "no known mistake gives these answers", 300),
        f"{_counted(len(cause.checks), 'check')} of {', '.join(cause.clauses)}",
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _print_wrapped(console: Console, text: str) -> None:
    for line in textwrap.wrap(
        plain(text), console.width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
    ):
        console.print(Text(line))
