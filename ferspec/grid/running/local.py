"""Runs jobs on this machine, one after another, each in its own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from ferspec.grid.running.attempt import attempt
from ferspec.grid.running.jobs import Event, Job, Limits, OnEvent, attempts
from ferspec.grid.running.results import LocalResults, Results
from ferspec.grid.running.scratch import attempt_in_scratch

BUSY = Event(state="waiting", message="another command is training it")


def run_locally(jobs: Sequence[Job], results: Results, limits: Limits, on_event: OnEvent) -> None:
    """Run jobs until each has ended. Those that another command is training are waited for at the end."""
    busy = [job for job in jobs if not _run(job, results, limits, on_event, wait=False)]
    for job in busy:
        _run(job, results, limits, on_event, wait=True)


def _run(job: Job, results: Results, limits: Limits, on_event: OnEvent, wait: bool) -> bool:
    """Run a job and return True, or return False if another command is training it."""
    with results.claimed(job, wait) as claimed:
        if not claimed:
            on_event(job, BUSY)
            return False
        event = results.state(job)
        if event.state == "waiting":
            # closing ends the training process before this one on Ctrl-C
            with closing(attempts(lambda: _attempt(job, results, limits), limits.retries)) as events:
                for event in events:
                    results.settle(job, event)
                    on_event(job, event)
        else:
            results.settle(job, event)
            on_event(job, event)
        return True


def _attempt(job: Job, results: Results, limits: Limits) -> Iterator[Event]:
    if isinstance(results, LocalResults):
        yield from attempt(job.request.model_copy(update={"out": results.folder / job.name}), limits)
        return
    for event, changes in attempt_in_scratch(job.request, results.files(job), limits):
        results.take(job, changes)
        yield event
