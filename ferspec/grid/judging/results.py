"""The figures of trained cells, wherever they come from: run folders, tables, or the publication itself."""

from __future__ import annotations

from ferspec import spec
from ferspec.outcomes import Outcome
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Figures, Profile

# how the file ends that says, beside the folder of a training, how it failed
FAILED = ".failed.txt"


class Result(Record):
    """The eight figures of one training of a cell, and how many images they were taken over; None where unknown.

    ``source`` names where it was read: a run's folder, a table's file, or ``published``. ``deviations`` say, a line
    each, in what the training departs from the protocol; ``complete`` is false for one that has not finished.
    ``problems`` are the checks that failed on what it was read from: its artifacts or its row contradict themselves.
    ``profile`` is what it was trained by; a table does not say. No two trainings share any of their ``fingerprints``.
    ``btfer_images`` is the digest of the pictures of BTFER that it was tested on, whatever their names.
    """

    cell: str
    source: str
    figures: Figures
    val_n: int | None = None
    btfer_n: int | None = None
    seed: int | None = None
    profile: Profile | None = None
    fingerprints: tuple[str, ...] = ()
    btfer_images: str | None = None
    deviations: tuple[str, ...] = ()
    complete: bool = True
    problems: tuple[Outcome, ...] = ()

    @property
    def by_protocol(self) -> bool:
        """Whether this is the whole record of a training that followed the protocol, as far as it shows."""
        return self.complete and not self.deviations and not self.problems


def published(profile: Profile = DEFAULT_PROFILE) -> tuple[Result, ...]:
    """Return the published figures of the 258 cells as a profile reads them."""
    return tuple(_published(cell, profile) for cell in spec.load().cells)


def _published(cell: Cell, profile: Profile) -> Result:
    return Result(
        cell=cell.id,
        source="published",
        figures=Figures(**{name: cell.figure(name, profile) for name in Figures.model_fields}),
        val_n=cell.released_val_n,
        btfer_n=cell.released_btfer_n,
    )
