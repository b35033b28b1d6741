"""Runs many trainings; finished ones are skipped, and those without their dataset are reported."""

from __future__ import annotations

from collections.abc import Sequence

from ferspec.grid.running.jobs import Event, Job, Limits, OnEvent, missing_dataset
from ferspec.grid.running.local import run_locally
from ferspec.grid.running.on_ray import Cluster, run_on_ray
from ferspec.grid.running.results import Results


def run_jobs(
    jobs: Sequence[Job], results: Results, limits: Limits, on_event: OnEvent, cluster: Cluster | None = None
) -> None:
    """Run jobs on a Ray cluster or on this machine, and report every event.

    The call can be interrupted at any time; a further call trains only what is missing. ``UserError`` before anything
    starts, if a folder contains another training, or the data root or the cluster is missing.
    """
    to_train = []
    for job in jobs:
        event = _state(job, results, local=cluster is None)
        if event.ended:
            results.settle(job, event)
        on_event(job, event)
        if event.state == "finished":
            _tidy(job, results)
        elif not event.ended:
            to_train.append(job)
    if not to_train:
        return
    if cluster is None:
        run_locally(to_train, results, limits, on_event)
    else:
        run_on_ray(to_train, results, limits, on_event, cluster)


def _tidy(job: Job, results: Results) -> None:
    """Tidy a job whose command was killed as it finished, unless another command holds it."""
    with results.claimed(job, wait=False) as claimed:
        if claimed:
            results.tidy(job)


def _state(job: Job, results: Results, local: bool) -> Event:
    """Return the state of a job before anything runs. A missing data root is accepted unless jobs run locally."""
    event, root = results.state(job), job.request.data_root
    if event.ended or (root is not None and not root.exists() and not local):
        return event
    missing = missing_dataset(job.request)
    return event if missing is None else Event(state="not evaluated", message=missing)
