"""Prints a finished training: its metrics, its settings, and the next command."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec.commands.live.training import epochs
from ferspec.options import shell_command
from ferspec.reference.measured import Metric
from ferspec.report.terminal import default_console
from ferspec.report.words import plain
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.record import REPORT, RunRecord
from ferspec.subjects.runs.data.decided import NO_PROTOCOL_RUN

HEADLINES = {True: "protocol run", False: NO_PROTOCOL_RUN}


def print_run(run: RunRecord, folder: Path, finished_before: bool = False, console: Console | None = None) -> None:
    """Print a finished training: phases, metrics with intervals, deviations, and the next command.

    ``finished_before`` says that the training was finished before this command, which then did nothing.
    """
    console = console or default_console()
    console.print(Text.assemble((run.cell, "bold"), f"  {HEADLINES[not run.deviations]}"))
    for phase in run.phases:
        what = "base frozen" if phase.frozen else "all layers"
        console.print(f"phase {phase.phase} ({what}): {epochs(phase.epochs)}, ended by {phase.ended}")
    if (best := run.best) is not None:
        console.print(f"kept: epoch {best.epoch}, in phase {best.phase}, val_accuracy {best.val_accuracy:.4f}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("split", "images", "accuracy", "95 %", "weighted F1"):
        table.add_column(column, justify="left" if column == "split" else "right", overflow="fold")
    for name, part in read_run_report(folder / REPORT).parts.items():
        accuracy = part.metrics.accuracy
        figures = (
            f"{accuracy.value:.4f}",
            f"{accuracy.low:.3f} to {accuracy.high:.3f}",
            _value(part.metrics.f1.weighted),
        )
        table.add_row(name, f"{run.data[name].n:,}", *figures)
    console.print(table)
    for deviation in run.deviations:
        text = f"{deviation.clause} {deviation.option}: {deviation.effect}"
        console.print(Text(f"  {plain(text)}"), soft_wrap=True)
    done = "already finished, nothing was trained" if finished_before else "written"
    console.print(f"{done}: {folder}", soft_wrap=True, highlight=False)
    console.print(f"reproduce: {reproducing(run)}", soft_wrap=True, highlight=False)
    console.print(f"next: {following(run, folder)}", soft_wrap=True, highlight=False)


def reproducing(run: RunRecord) -> str:
    """Return the command that trains the same again; folders of images and weights are not recorded."""
    return shell_command(("ferspec", "train", run.cell), run.settings)


def following(run: RunRecord, folder: Path) -> str:
    """Return the command that certifies the trained network, without BTFER if tested on synthetic faces."""
    tested = run.data.get("btfer")
    drawn = tested is not None and tested.drawn is not None
    return shlex.join(["ferspec", "certify", str(folder), *([] if drawn else ["--dataset", "BTFER/"])])


def _value(figure: Metric) -> str:
    return "undefined" if figure.value is None else f"{figure.value:.4f}"
