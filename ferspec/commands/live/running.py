"""Shows a run of many cells: a live table on a terminal, elsewhere a line per change; then a summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ferspec.grid.running.board import SHOWN_STATES, work_of
from ferspec.grid.running.local import BUSY
from ferspec.report.terminal import default_console
from ferspec.report.words import plain

if TYPE_CHECKING:
    from ferspec.grid.running.board import Board, Summary
    from ferspec.grid.running.jobs import Event, Job, OnEvent

FIRST_SHOWN = ("running", "failed", "not evaluated")
STYLES = {"running": "bold", "failed": "red", "not evaluated": "yellow", "finished": "green", "waiting": "dim"}
MOST_ROWS = 16
NUMBERS = ("seed", "epochs", "attempts")
COLUMNS = ("cell", "seed", "state", "epochs", "attempts", "why")


@contextmanager
def watching(board: Board) -> Iterator[OnEvent]:
    """Yield a function that takes the events of jobs; it updates the board and shows it on stderr."""
    if not sys.stderr.isatty():
        yield _once(lambda line: print(line, file=sys.stderr), _lines(board))
        return
    from rich.live import Live

    console = Console(stderr=True)
    with Live(get_renderable=lambda: table(board), console=console, transient=True, refresh_per_second=2):
        yield _once(lambda line: console.print(Text(line), soft_wrap=True), board.update)


def table(board: Board) -> Group:
    """Return the current state of all jobs: counts, time left, and the jobs that run or failed."""
    requests = {job.name: job.request for job in board.jobs}
    summary = board.summary()
    shown = [cell for state in FIRST_SHOWN for cell in summary.cells if cell.state == state]
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in COLUMNS:
        rows.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for cell in shown[:MOST_ROWS]:
        epochs = f"{cell.epochs} of about {work_of(requests[f'{cell.cell}-seed{cell.seed}'])[1]}"
        state = Text(cell.state, STYLES[cell.state])
        shown_epochs = epochs if cell.state == "running" else str(cell.epochs)
        rows.add_row(cell.cell, str(cell.seed), state, shown_epochs, str(cell.attempts), Text(plain(cell.message)))
    more = len(shown) - MOST_ROWS
    rest = [Text(f"and {more} more", "dim")] if more > 0 else []
    return Group(Text(headline(board)), rows, *rest)


def headline(board: Board) -> str:
    """Return one line: jobs by state, epochs trained, time passed and estimated time left."""
    counts = board.counts()
    parts = [f"{counts[state]} {state}" for state in SHOWN_STATES if counts[state] or state in ("finished", "running")]
    left = board.seconds_left()
    outlook = "" if left is None else f", about {duration(left)} left"
    passed = duration(time.monotonic() - board.began)
    return f"{', '.join(parts)}  {board.epochs():,} epochs in {passed}{outlook}"


def duration(seconds: float) -> str:
    """Return a time in its two largest units, from seconds to days."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def print_summary(summary: Summary, as_json: bool, console: Console | None = None) -> None:
    """Print counts by state, and each job that did not finish."""
    if as_json:
        print(summary.model_dump_json(indent=2))
        return
    console = console or default_console()
    for cell in summary.cells:
        if cell.state != "finished":
            state = Text(cell.state, STYLES[cell.state])
            message = f" {cell.cell} seed {cell.seed}: {plain(cell.message)}"
            tried = f" ({cell.epochs} epochs, {cell.attempts} attempts)" if cell.attempts else ""
            console.print(Text.assemble(state, message, tried), soft_wrap=True, highlight=False)
    counts = ", ".join(f"{count} {state}" for state, count in summary.counts.items() if count)
    console.print(
        f"{len(summary.cells)} trainings: {counts}  in {duration(summary.seconds)}", highlight=False, markup=False
    )
    # artifacts at a URL are copied before they can be judged
    judgeable = summary.counts["finished"] and "://" not in summary.out
    after = f"  next: ferspec grid judge {summary.out}" if judgeable else ""
    console.print(f"results: {summary.out}{after}", soft_wrap=True, highlight=False, markup=False)


def what_is_kept(board: Board) -> str:
    """Return what an interrupted run of many cells leaves, and how to resume it."""
    return f"{headline(board)}; finished epochs are kept in {board.out}; the same command resumes"


def _once(show: Callable[[str], None], on_event: OnEvent) -> OnEvent:
    """Return a function of events that shows each decision about images once."""
    shown: set[str] = set()

    def tell(job: Job, event: Event) -> None:
        on_event(job, event)
        for line in event.decided:
            if line not in shown:
                shown.add(line)
                show(f"{job.name}: {plain(line)}")

    return tell


def _lines(board: Board) -> OnEvent:
    """Return a function that prints a line for each event, and the counts."""
    states: dict[str, str] = {}

    def tell(job: Job, event: Event) -> None:
        board.update(job, event)
        if event.state == states.get(job.name, "waiting") and event != BUSY and not event.resumes:
            return
        states[job.name] = event.state
        why = f": {plain(event.message)}" if event.message else ""
        print(f"{event.state} {job.name}{why}", file=sys.stderr)
        if event.ended:
            print(headline(board), file=sys.stderr, flush=True)

    return tell
