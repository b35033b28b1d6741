"""Read what Keras prints while it trains, saved from a terminal or a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.cells import Cells, epochs_of
from ferspec.subjects.runs.logs.names import EPOCH, PHASE, VAL_LOSS, read_names
from ferspec.subjects.runs.logs.phases import TrainingLog, phases_of
from ferspec.subjects.runs.logs.tables import number_of

FORMAT = "Keras' output"
HEADING = re.compile(r"^\s*Epoch (\d{1,9})/(\d{1,9})\s*$", re.MULTILINE)
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# a progress bar is drawn again and again in its line
REDRAWN = re.compile(r"\r\n|[\r\n]|\x08+")
METRIC = re.compile(r" - ([A-Za-z]\w{0,60}): ([-+.\w]{1,40})(?= |$)")


def is_console(text: str) -> bool:
    """Return whether a text is what ``fit`` prints: a heading for each epoch, and its metrics."""
    return "Epoch " in text and HEADING.search(_plain(text)) is not None


def read_console(path: Path, text: str) -> TrainingLog:
    """Read the phases of a training from Keras' output.

    The last line of an epoch with a loss counts. Raise ``UserError`` if there is none.
    """
    notes: list[str] = []
    lines = list(_epochs(_plain(text)))
    end_lost = bool(lines) and VAL_LOSS not in lines[-1].figures and any(VAL_LOSS in line.figures for line in lines)
    if end_lost:
        notes.append("the last epoch has no validation loss: treated as truncated and skipped")
        lines = lines[:-1]
    rows = epochs_of(lines)
    if not rows:
        raise UserError(f"{path} is not a training log: no epoch of Keras' output has a loss")
    phases = phases_of(path, rows, notes)
    return TrainingLog(path, rows[0].columns, phases, tuple(notes), end_lost, FORMAT, phases_named=True)


def _plain(text: str) -> str:
    return REDRAWN.sub("\n", COLOURS.sub("", text))


def _epochs(text: str) -> Iterator[Cells]:
    _, *pieces = HEADING.split(text)
    for number, last, printed in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        metrics = [dict(METRIC.findall(line)) for line in printed.split("\n") if "loss: " in line]
        if not metrics:
            continue
        names = read_names(metrics[-1]).metrics
        figures = {
            names[name]: value
            for name, text in metrics[-1].items()
            if name in names and (value := number_of(text)) is not None
        }
        # another call of fit has another last epoch, also where it continues the numbers
        yield Cells((EPOCH, *figures), {EPOCH: float(number), PHASE: float(last), **figures})
