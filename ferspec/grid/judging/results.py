"""The metrics of trained cells, from run folders, tables or the publication."""

from __future__ import annotations

from ferspec import spec
from ferspec.outcomes import Outcome
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, CellMetrics, Profile

# suffix of the file, next to the folder of a training, that says how it failed
FAILED = ".failed.txt"


class Result(Record):
    """The eight metrics of one training, and the numbers of images behind them. None if unknown.

    ``source`` is the folder of a run, the file and line of a table, or ``published``. ``deviations`` describe the
    declared deviations from the protocol, one line each. ``complete`` is false for an unfinished training.
    ``problems`` are the checks that failed: its artifacts or its row contradict themselves. ``profile`` is the one it
    was trained with, None for a table. ``fingerprints`` are unique to a training. ``btfer_images`` is the digest of the
    BTFER pictures it was tested on, independent of their names.
    """

    cell: str
    source: str
    figures: CellMetrics
    val_n: int | None = None
    btfer_n: int | None = None
    seed: int | None = None
    profile: Profile | None = None
    fingerprints: tuple[str, ...] = ()
    btfer_images: str | None = None
    deviations: tuple[str, ...] = ()
    complete: bool = True
    problems: tuple[Outcome, ...] = ()


def published(profile: Profile = DEFAULT_PROFILE) -> tuple[Result, ...]:
    """Return the published metrics of the 258 cells under a profile."""
    return tuple(_published(cell, profile) for cell in spec.load().cells)


def _published(cell: Cell, profile: Profile) -> Result:
    return Result(
        cell=cell.id,
        source="published",
        figures=CellMetrics(**{name: cell.metric(name, profile) for name in CellMetrics.model_fields}),
        val_n=cell.released_val_n,
        btfer_n=cell.released_btfer_n,
    )
