"""Prints audited training runs: one run by clause, many runs as a table, or all as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec.checks.run.audit import Audit, AuditedRun
from ferspec.checks.run.schedule.replay import PhaseReplay, PhaseStop
from ferspec.outcomes import Outcome, Status
from ferspec.report.audit_page import PAGE, PHASES, phase_row
from ferspec.report.terminal import STYLES, counts_line, default_console, details, verdict_line
from ferspec.report.words import VERDICTS, by_urgency, plain, shorten

LONGEST = 400
# the width of the columns beside the name of a run, with the reason folded
OTHERS = 46
MANY_PHASES = 12


def print_audit(audit: Audit, as_json: bool = False, page: Path | None = None, console: Console | None = None) -> None:
    """Print verdict, runs (one by clause, many as a table), totals and skipped files."""
    if as_json:
        print(json.dumps(audit.document(), indent=2))
        return
    console = console or default_console()
    if len(audit.runs) == 1:
        _print_run(console, audit.runs[0])
    else:
        _print_runs(console, audit)
    for outcome in audit.outside:
        _print_outcome(console, outcome)
    console.print(*_closing(audit, page), sep="\n", soft_wrap=True)


def _print_run(console: Console, audited: AuditedRun) -> None:
    run, judgement = audited.run, audited.judgement
    title = f"{plain(run.title)}  ({run.format}, profile {run.profile})"
    console.print(verdict_line(judgement.verdict, judgement.counts, title), soft_wrap=True)
    for deviation in run.deviations:
        console.print(Text(f"not a protocol run: {shorten(deviation, LONGEST)}"), soft_wrap=True)
    if judgement.verdict == "not_evaluated" and not run.deviations:
        console.print(Text(shorten(audited.reason, LONGEST)), soft_wrap=True)
    console.print(counts_line(judgement.counts))
    console.print()
    console.print(_phases(audited.replays, audited.stops))
    for outcome in by_urgency(judgement.outcomes):
        _print_outcome(console, outcome)
    if audited.notes:
        console.print("\nnotes on its accuracy")
    for note in audited.notes:
        console.print(Text(f"  {shorten(note, LONGEST)}"), soft_wrap=True)


def _phases(replays: Sequence[PhaseReplay], stops: Sequence[PhaseStop]) -> Table:
    table = _table(*PHASES)
    for replay, stop in list(zip(replays, stops, strict=True))[:MANY_PHASES]:
        table.add_row(*phase_row(replay, stop))
    if len(replays) > MANY_PHASES:
        table.add_row("…", f"{len(replays) - MANY_PHASES} more", "", "", "", "")
    return table


def _print_outcome(console: Console, outcome: Outcome) -> None:
    status = VERDICTS[outcome.status].upper() + (" (declared)" if outcome.declared else "")
    heading = Text.assemble("\n", (f"{outcome.clause} {outcome.title}"), "   ", (status, STYLES[outcome.status]))
    console.print(heading, soft_wrap=True)
    for detail in details(outcome):
        console.print(Text(f"  {detail}"), soft_wrap=True)
    if outcome.reproduce and outcome.status is Status.FAIL:
        console.print(Text(f"  reproduce: {shorten(outcome.reproduce, LONGEST)}"), soft_wrap=True)


def _print_runs(console: Console, audit: Audit) -> None:
    console.print(verdict_line(audit.verdict, audit.counts, f"{len(audit.runs):,} training runs"))
    console.print(counts_line(audit.counts))
    console.print()
    wide = Console(width=160, highlight=False) if not console.is_terminal else console
    table = _table("run", "phases", "epochs", "verdict", "reason")
    for column in table.columns:
        # long names continue on the next line, so that each run can be recognised
        column.overflow, column.no_wrap = "fold", column.header in ("phases", "epochs", "verdict")
    names = _names(audit.runs)
    table.columns[0].min_width = min(max(map(len, names), default=0), wide.width - OTHERS)
    for audited, name in zip(audit.runs, names, strict=True):
        verdict = audited.judgement.verdict
        table.add_row(
            Text(shorten(name, LONGEST)),
            str(len(audited.replays)),
            f"{audited.run.epochs:,}",
            Text(VERDICTS[verdict], STYLES[verdict]),
            Text(shorten(audited.reason, 60)),
        )
    wide.print(table)


def _names(runs: Sequence[AuditedRun]) -> list[str]:
    """Return distinct names of runs: paths without the shared folders, and names."""
    folders = [run.run.path.absolute().parent for run in runs]
    shared = Path(os.path.commonpath(folders))
    return [f"{run.run.path.absolute().relative_to(shared)} {run.run.name}".strip() for run in runs]


def _closing(audit: Audit, page: Path | None) -> Iterator[Text]:
    yield Text("")
    without = audit.phases - audit.rated
    yield Text(
        f"{audit.replayed:,} of {audit.rated:,} phases that log a learning rate replay"
        + (f"; {without:,} log none" if without else "")
    )
    if len(audit.runs) > 1:
        if deviating := sum(bool(audited.run.deviations) for audited in audit.runs):
            yield Text(f"not protocol runs, by their own records: {deviating:,} of {len(audit.runs):,}")
        yield Text("notes on the accuracy of each: --json, or --out DIR", "dim")
    for line in audit.skipped:
        yield Text(f"skipped: {shorten(line, LONGEST)}", "dim")
    if page is not None:
        yield Text(f"page: {shorten(page / PAGE, LONGEST)}")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in ("phases", "epochs") else "left", overflow="fold")
    return table
