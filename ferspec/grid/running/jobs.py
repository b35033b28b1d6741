"""The trainings that one command runs: a job for each cell and seed, and what is told of it while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferspec.errors import UserError
from ferspec.grid.cells import SYNTHETIC
from ferspec.grid.training.train import Request
from ferspec.records import Record
from ferspec.reference.training.settings import TrainingSettings
from ferspec.spec.records import Cell
from ferspec.subjects.datasets.data_root import look
from ferspec.subjects.runs.artifacts.record import RunRecord

State = Literal["waiting", "running", "died", "finished", "failed", "not evaluated"]
ENDS = ("finished", "failed", "not evaluated")
TRAINER = "ferspec.grid.training.train:train_cell"
ASKED = tuple(TrainingSettings.model_fields)


@dataclass(frozen=True)
class Job:
    """One training to run; ``request.out`` is the name of its folder, relative to where all results go."""

    request: Request

    @property
    def name(self) -> str:
        """The name of its folder."""
        return str(self.request.out)


class Event(Record):
    """What is told of a job: its state, its finished epochs so far, a line that says why, the last lines of its log.

    ``died`` is an attempt that ended without an answer (killed, out of memory, crashed) and may be tried again.
    """

    state: State
    epochs: int = 0
    message: str = ""
    log: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of the job."""
        return self.state in ENDS


Tell = Callable[[Job, Event], None]


@dataclass(frozen=True)
class Limits:
    """How long an attempt may take (seconds), how often one that died is repeated, and the function that trains.

    ``trainer`` is ``package.module:function``, called as ``train_cell`` is.
    """

    seconds: float | None = None
    retries: int = 2
    trainer: str = TRAINER


def jobs_of(cells: Iterable[Cell], seeds: Sequence[int], options: Request) -> tuple[Job, ...]:
    """Return a job for each cell and each seed, everything else being as in ``options``."""
    return tuple(
        Job(options.model_copy(update={"cell": cell, "seed": seed, "out": Path(f"{cell.id}-seed{seed}")}))
        for cell in cells
        for seed in dict.fromkeys(seeds)
    )


def without_dataset(request: Request) -> str | None:
    """Return why a request cannot be evaluated here for want of its dataset, or None where it can.

    ``UserError`` where there is no data root, or it cannot be read.
    """
    cell, root = request.cell, request.data_root
    if cell.dataset == SYNTHETIC:
        return None
    if root is None:
        raise UserError(f"{cell.dataset} is needed: name the folder that holds its folder with --data-root")
    return None if look(root, cell.dataset) else f"{root} has no {cell.dataset}"


def require_same_training(folder: str, run: RunRecord, request: Request) -> None:
    """Raise ``UserError`` where a folder holds another training than is asked for: the line names what differs."""
    theirs = {"cell": run.cell} | {name: getattr(run.settings, name) for name in ASKED}
    ours = {"cell": request.cell.id} | {name: getattr(request, name) for name in ASKED}
    for name, value in ours.items():
        if theirs[name] != value:
            told = name.replace("_", " ")
            raise UserError(f"{folder} was trained with {told} {theirs[name]}, not {value}: choose another --out")


def attempts(attempt: Callable[[], Iterable[Event]], retries: int) -> Iterator[Event]:
    """Yield what is told of a job, attempt after attempt, until it has ended."""
    for tries_left in range(retries, -1, -1):
        for told in attempt():
            event = after(told, tries_left)
            yield event
            if event.ended:
                return


def after(event: Event, tries_left: int) -> Event:
    """Return an event, as a failure where an attempt died and none is left."""
    if event.state == "died" and not tries_left:
        return event.model_copy(update={"state": "failed"})
    return event
