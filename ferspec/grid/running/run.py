"""Runs many trainings: what is finished is left alone, what cannot be evaluated is said, the rest is trained."""

from __future__ import annotations

from collections.abc import Sequence

from ferspec.grid.running.jobs import Event, Job, Limits, Tell, without_dataset
from ferspec.grid.running.local import run_locally
from ferspec.grid.running.on_ray import Cluster, run_on_ray
from ferspec.grid.running.results import Results


def run_jobs(jobs: Sequence[Job], results: Results, limits: Limits, tell: Tell, cluster: Cluster | None = None) -> None:
    """Run jobs, on a Ray cluster or else on this machine, and tell of each until it has ended.

    Stopped at any moment nothing finished is lost, and called again only what is missing is trained. ``UserError``
    before anything is started where a folder holds another training, the data root is missing, or the cluster is.
    """
    to_train = []
    for job in jobs:
        event = _standing(job, results, everywhere=cluster is None)
        if event.ended:
            results.settle(job, event)
        tell(job, event)
        if event.state == "finished":
            _tidy(job, results)
        elif not event.ended:
            to_train.append(job)
    if to_train and cluster is None:
        run_locally(to_train, results, limits, tell)
    elif to_train:
        run_on_ray(to_train, results, limits, tell, cluster)


def _tidy(job: Job, results: Results) -> None:
    """Remove what a command that was killed as the job finished had no time to; not under another command's hands."""
    with results.claimed(job, patient=False) as ours:
        if ours:
            results.tidy(job)


def _standing(job: Job, results: Results, everywhere: bool) -> Event:
    """Return how a job stands before anything runs; ``everywhere`` is False where other machines may have its data."""
    event, root = results.standing(job), job.request.data_root
    if event.ended or (root is not None and not root.exists() and not everywhere):
        return event
    missing = without_dataset(job.request)
    return event if missing is None else Event(state="not evaluated", message=missing)
