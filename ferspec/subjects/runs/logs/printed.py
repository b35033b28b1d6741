"""Read what training loops print for each epoch: its number, and names with their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.cells import Cells, epochs_of
from ferspec.subjects.runs.logs.names import EPOCH, LOSSES, read_names
from ferspec.subjects.runs.logs.phases import TrainingLog, phases_of
from ferspec.subjects.runs.logs.tables import number_of

FORMAT = "printed lines"
# "Epoch 3/60", "Epoch [3/60]:", "epoch=3", "Epoch 3 of 60"
NUMBERED = re.compile(r"\bepoch\b[\s:=#\[(]{0,3}(\d{1,9})(?:\s{0,2}(?:/|of)\s{0,2}\d{1,9})?", re.IGNORECASE)
# "Train Loss: 1.8000", "val_acc=45.3%"
VALUED = re.compile(r"([A-Za-z][\w @./-]{0,60}?)\s{0,2}[:=]\s{0,2}([-+]?\d[-+.\deE]{0,30}%?|nan|-?inf)(?=[\s,;|)\]]|$)")


def is_printed(text: str) -> bool:
    """Return whether lines of a text number epochs and name their losses."""
    return any(cells.metrics & LOSSES for cells in _epochs(text))


def read_printed(path: Path, text: str) -> TrainingLog:
    """Read the phases of a training from printed lines.

    Lines after a numbered one belong to its epoch; of several values for a metric, the last one counts. Raise
    ``UserError`` if no epoch has a loss.
    """
    rows = epochs_of(_epochs(text))
    if not rows:
        raise UserError(f"{path} is not a training log: no epoch has a loss")
    notes: list[str] = []
    return TrainingLog(path, rows[0].columns, phases_of(path, rows, notes), tuple(notes), False, FORMAT)


def _epochs(text: str) -> Iterator[Cells]:
    """Yield the metrics of each epoch; a number that is repeated at once continues its epoch."""
    current: tuple[str, dict[str, str]] | None = None
    for line in text.splitlines():
        if found := NUMBERED.search(line):
            if current is None or current[0] != found[1]:
                if current is not None:
                    yield _cells(*current)
                current = found[1], {}
            line = line[found.end() :]
        if current is not None:
            current[1].update(VALUED.findall(line))
    if current is not None:
        yield _cells(*current)


def _cells(number: str, values: dict[str, str]) -> Cells:
    names = read_names(values).metrics
    read = {names[name]: number_of(text, names[name]) for name, text in values.items() if name in names}
    known = {metric: value for metric, value in read.items() if value is not None and metric != EPOCH}
    return Cells((EPOCH, *known), {EPOCH: float(number), **known})
