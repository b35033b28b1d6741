"""Tracks the state of many jobs, and estimates the remaining time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ferspec.grid.costs import cost_of
from ferspec.grid.running.jobs import Event, Job, State
from ferspec.grid.training.train import Request
from ferspec.records import Record
from ferspec.reference.schedule import phases_of
from ferspec.subjects.runs.data.sources import synthetic_faces

SHOWN_STATES: tuple[State, ...] = ("finished", "running", "waiting", "failed", "not evaluated")


class JobSummary(Record):
    """The state of one job: its epochs, attempts, seconds and a message."""

    cell: str
    seed: int
    folder: str
    state: State
    epochs: int = 0
    attempts: int = 0
    seconds: float = 0.0
    message: str = ""


class Summary(Record):
    """The state of all jobs, and the number of jobs in each state."""

    out: str
    seconds: float
    counts: dict[State, int]
    cells: tuple[JobSummary, ...]

    @property
    def status(self) -> int:
        """The exit status: 0 all finished, 1 some failed, 2 none evaluated, 3 some not evaluated."""
        if self.counts["finished"] == len(self.cells):
            return 0
        if self.counts["not evaluated"] == len(self.cells):
            return 2
        return 1 if self.counts["finished"] + self.counts["not evaluated"] < len(self.cells) else 3


@dataclass
class Line:
    """The progress of one job: its last event, epochs, attempts, start and end."""

    event: Event = field(default_factory=lambda: Event(state="waiting"))
    epochs_before: int | None = None
    epochs: int = 0
    attempts: int = 0
    began: float | None = None
    ended: float | None = None


class Board:
    """Receives the events of jobs (``board.update``) and reports their states."""

    def __init__(self, out: str, jobs: Sequence[Job]) -> None:
        self.out = out
        self.jobs = tuple(jobs)
        self.lines = {job.name: Line() for job in jobs}
        self.began = time.monotonic()

    def update(self, job: Job, event: Event) -> None:
        """Record an event of a job."""
        line = self.lines[job.name]
        starts = event.state == "running" and line.event.state != "running"
        line.event = event
        line.epochs = max(line.epochs, event.epochs)
        if starts:
            line.attempts += 1
            line.began = line.began or time.monotonic()
        # the first reported epoch may follow earlier ones of a resumed training
        if line.epochs_before is None and event.epochs and event.state == "running":
            line.epochs_before = event.epochs if event.resumes else event.epochs - 1
        if event.ended:
            line.ended = time.monotonic()

    def counts(self) -> dict[State, int]:
        """Return the number of jobs in each state. A job that died is waiting for its next attempt."""
        counts = Counter(_shown(line.event.state) for line in self.lines.values())
        return {state: counts[state] for state in SHOWN_STATES}

    def epochs(self) -> int:
        """Return how many epochs were trained since the start."""
        return sum(self._trained(line) for line in self.lines.values())

    def seconds_left(self) -> float | None:
        """Estimate the remaining seconds at the present speed. None before the first epoch.

        The work of a cell is that of one epoch times its usual number of epochs (FER-G-09).
        """
        done = remaining = 0.0
        for job in self.jobs:
            line = self.lines[job.name]
            epoch_work, epochs = work_of(job.request)
            done += epoch_work * self._trained(line)
            if not line.event.ended:
                remaining += epoch_work * max(0, epochs - line.epochs)
        return None if not done else remaining * (time.monotonic() - self.began) / done

    def summary(self) -> Summary:
        """Return the state of all jobs."""
        cells = tuple(self._job_summary(job) for job in self.jobs)
        seconds = time.monotonic() - self.began
        return Summary(out=self.out, seconds=round(seconds, 1), counts=self.counts(), cells=cells)

    def _trained(self, line: Line) -> int:
        return 0 if line.epochs_before is None else line.epochs - line.epochs_before

    def _job_summary(self, job: Job) -> JobSummary:
        line = self.lines[job.name]
        seconds = 0.0 if line.began is None else (line.ended or time.monotonic()) - line.began
        return JobSummary(
            cell=job.request.cell.id,
            seed=job.request.seed,
            folder=f"{self.out.rstrip('/')}/{job.name}",
            state=_shown(line.event.state),
            epochs=line.epochs,
            attempts=line.attempts,
            seconds=round(seconds, 1),
            message=line.event.message,
        )


def work_of(request: Request) -> tuple[float, int]:
    """Return the forward operations of one epoch, and the usual number of epochs."""
    cost = cost_of(request.cell)
    images = cost.images or sum(synthetic_faces()["training"].counts)
    epochs = cost.epochs
    if request.epochs_cap is not None:
        epochs = min(epochs, request.epochs_cap * len(phases_of(request.cell.weights, request.profile)))
    return float(cost.flops * min(images, request.subset or images)), epochs


def _shown(state: State) -> State:
    return "waiting" if state == "died" else state
