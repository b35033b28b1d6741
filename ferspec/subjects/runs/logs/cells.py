"""Turn the cells of a log, in any trainer's order, into one row per epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ferspec.subjects.runs.logs.names import EPOCH, LOSSES, PHASE, STEP
from ferspec.subjects.runs.logs.phases import HIGHEST_EPOCH, LogRow


@dataclass(frozen=True)
class Cells:
    """Hold what one line of a log says, by the names in ``LoggedPhase``; an empty cell is missing.

    ``header`` counts the headers up to the line. ``sparse`` is true if a metric of the columns is missing.
    """

    columns: tuple[str, ...]
    figures: dict[str, float] = field(default_factory=dict)
    header: int = 0
    sparse: bool = False
    unvalidated: bool = False

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(self.figures.keys() - {EPOCH, STEP, PHASE})

    def continues(self, previous: Cells) -> bool:
        """Return whether this line logs further metrics of the previous line's epoch."""
        if self.columns != previous.columns or not (self.sparse or previous.sparse):
            return False
        stepwise = STEP in self.figures and EPOCH in self.figures
        return self.figures.get(EPOCH) == previous.figures.get(EPOCH) and (
            stepwise or self.metrics.isdisjoint(previous.metrics)
        )

    def joined(self, later: Cells) -> Cells:
        """Return both as one line; of two values for a metric, the later one counts."""
        return replace(later, figures=self.figures | later.figures, unvalidated=self.unvalidated or later.unvalidated)


def epochs_of(lines: Iterable[Cells]) -> list[LogRow]:
    """Return a row per epoch: lines of one epoch are joined, and those without a number are counted.

    A fraction of an epoch, as in Hugging Face's logs, belongs to the epoch that it is in.
    """
    joined = [cells for cells in _joined(_with_epochs(list(lines))) if cells.metrics & LOSSES]
    if all(EPOCH in cells.figures for cells in joined):
        numbered: Iterable[tuple[int, Cells]] = ((int(cells.figures[EPOCH]), cells) for cells in joined)
    else:
        blocks = (list(block) for _, block in groupby(joined, key=lambda cells: cells.header))
        numbered = (pair for block in blocks for pair in enumerate(block))
    return [
        LogRow(
            cells.columns,
            epoch,
            {name: value for name, value in cells.figures.items() if name not in (EPOCH, STEP)},
            cells.unvalidated,
        )
        for epoch, cells in numbered
    ]


def is_epoch(value: float, stepwise: bool) -> bool:
    """Return whether a number can be that of an epoch; fractions only occur in logs that also count steps."""
    return math.isfinite(value) and 0 <= value <= HIGHEST_EPOCH and (stepwise or value.is_integer())


def _with_epochs(lines: Sequence[Cells]) -> Iterator[Cells]:
    """Yield lines whose epochs are whole; a line without one belongs to the next line that has one."""
    epochs = [cells.figures[EPOCH] for cells in lines if EPOCH in cells.figures]
    fractions = not all(epoch.is_integer() for epoch in epochs)
    pending: Cells | None = None
    for cells in lines:
        if epochs and EPOCH not in cells.figures:
            pending = cells if pending is None else pending.joined(cells)
            continue
        whole = {EPOCH: float(math.ceil(cells.figures[EPOCH]))} if fractions else {}
        cells = replace(cells, figures=cells.figures | whole)
        yield cells if pending is None or pending.columns != cells.columns else pending.joined(cells)
        pending = None


def _joined(lines: Iterable[Cells]) -> Iterator[Cells]:
    previous: Cells | None = None
    for cells in lines:
        if previous is None:
            previous = cells
        elif cells.continues(previous):
            previous = previous.joined(cells)
        else:
            yield previous
            previous = cells
    if previous is not None:
        yield previous
