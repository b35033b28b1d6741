"""Defines jobs, one for each cell and seed to train, and their events."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferspec.errors import UserError
from ferspec.grid.cells import SYNTHETIC
from ferspec.grid.training.train import Request
from ferspec.records import Record
from ferspec.reference.training.settings import TrainingSettings
from ferspec.spec.records import Cell
from ferspec.subjects.datasets.data_root import look_up_dataset
from ferspec.subjects.runs.artifacts.record import RunRecord

State = Literal["waiting", "running", "died", "finished", "failed", "not evaluated"]
ENDS = ("finished", "failed", "not evaluated")
TRAINER = "ferspec.grid.training.train:train_cell"
# the settings that a request determines; the others depend on the devices
REQUESTED = tuple(TrainingSettings.model_fields)


@dataclass(frozen=True)
class Job:
    """One training to run. ``request.out`` is the name of its folder, relative to the folder of all results."""

    request: Request

    @property
    def name(self) -> str:
        """The name of its folder."""
        return str(self.request.out)


class Event(Record):
    """A change in a job: its state, finished epochs, reason, what was decided about its images, and end of its log.

    ``died`` means that an attempt ended without an answer (killed, out of memory, crashed) and may be repeated.
    ``resumes`` means that an attempt begins after ``epochs`` of an earlier one.
    """

    state: State
    epochs: int = 0
    resumes: bool = False
    message: str = ""
    decided: tuple[str, ...] = ()
    log: str = ""

    @property
    def ended(self) -> bool:
        """Whether this is the last event of the job."""
        return self.state in ENDS


OnEvent = Callable[[Job, Event], None]


@dataclass(frozen=True)
class Limits:
    """The time limit of an attempt in seconds, number of retries, and training function.

    ``trainer`` is ``package.module:function`` with the signature of ``train_cell``.
    """

    seconds: float | None = None
    retries: int = 2
    trainer: str = TRAINER


def jobs_of(cells: Iterable[Cell], seeds: Sequence[int], options: Request) -> tuple[Job, ...]:
    """Return a job for each cell and seed, with all other options as given."""
    return tuple(
        Job(options.model_copy(update={"cell": cell, "seed": seed, "out": Path(f"{cell.id}-seed{seed}")}))
        for cell in cells
        for seed in dict.fromkeys(seeds)
    )


def missing_dataset(request: Request) -> str | None:
    """Return a message if the dataset of a request is missing, or None.

    ``UserError`` if no data root is given, or it cannot be read.
    """
    cell, root = request.cell, request.data_root
    if cell.dataset == SYNTHETIC:
        return None
    if root is None:
        raise UserError(f"{cell.dataset} is needed: give the folder that contains its folder with --data-root")
    return None if look_up_dataset(root, cell.dataset) else f"{root} has no {cell.dataset}"


def require_same_training(folder: str, run: RunRecord, request: Request) -> None:
    """Raise ``UserError`` if a folder contains another training than requested; the message names the difference."""
    recorded = {"cell": run.cell} | {name: getattr(run.settings, name) for name in REQUESTED}
    requested = {"cell": request.cell.id} | {name: getattr(request, name) for name in REQUESTED}
    for name, value in requested.items():
        if recorded[name] != value:
            setting = f"{name.replace('_', ' ')} {recorded[name]}"
            raise UserError(f"{folder} was trained with {setting}, not {value}: choose another --out")


def attempts(attempt: Callable[[], Iterable[Event]], retries: int) -> Generator[Event, None, None]:
    """Yield the events of a job, attempt after attempt, until it has ended."""
    for tries_left in range(retries, -1, -1):
        for event in attempt():
            event = after(event, tries_left)
            yield event
            if event.ended:
                return


def after(event: Event, tries_left: int) -> Event:
    """Return an event; the last attempt that died becomes a failure."""
    if event.state == "died" and not tries_left:
        return event.model_copy(update={"state": "failed"})
    return event
