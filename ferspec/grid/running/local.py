"""Runs jobs on this machine, one after another, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

from ferspec.grid.running.attempt import attempt
from ferspec.grid.running.elsewhere import attempt_elsewhere
from ferspec.grid.running.jobs import Event, Job, Limits, Tell, attempts
from ferspec.grid.running.results import LocalResults, Results

BUSY = Event(state="waiting", message="another command is training it")


def run_locally(jobs: Sequence[Job], results: Results, limits: Limits, tell: Tell) -> None:
    """Run jobs until each has ended; what another command trains meanwhile is waited for at the end."""
    busy = [job for job in jobs if not _run(job, results, limits, tell, patient=False)]
    for job in busy:
        _run(job, results, limits, tell, patient=True)


def _run(job: Job, results: Results, limits: Limits, tell: Tell, patient: bool) -> bool:
    """Run a job, and return whether that was this command's to do."""
    with results.claimed(job, patient) as ours:
        if not ours:
            tell(job, BUSY)
            return False
        event = results.standing(job)
        if event.state == "waiting":
            # closed, so that Ctrl-C ends the process before this one
            with closing(attempts(lambda: _attempt(job, results, limits), limits.retries)) as events:
                for event in events:
                    results.settle(job, event)
                    tell(job, event)
        else:
            results.settle(job, event)
            tell(job, event)
        return True


def _attempt(job: Job, results: Results, limits: Limits) -> Iterator[Event]:
    if isinstance(results, LocalResults):
        yield from attempt(job.request.model_copy(update={"out": results.folder / job.name}), limits)
        return
    for event, changes in attempt_elsewhere(job.request, results.files(job), limits):
        results.take(job, changes)
        yield event
