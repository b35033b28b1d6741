"""Runs jobs on a Ray cluster. All files return to this process, so nodes need no shared file system."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ferspec.errors import UserError
from ferspec.extras import missing_extra
from ferspec.grid.running.jobs import Event, Job, Limits, OnEvent, after
from ferspec.grid.running.local import BUSY
from ferspec.grid.running.results import Results
from ferspec.grid.running.scratch import Changes, attempt_in_scratch

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 5, 30
# how many epochs a worker may be ahead of this process, which stores their files
AHEAD = 2
NO_CLUSTER_HERE = (
    "no Ray cluster answers on this machine: start one with 'ray start --head', or let 'ray stop' forget an old one"
)


@dataclass(frozen=True)
class Cluster:
    """The cluster to use and the resources of each cell. Without an address, Ray is started on this machine.

    ``gpus`` may be a fraction; the default is 1 if the cluster has any GPU, else 0.
    """

    address: str | None = None
    gpus: float | None = None
    cpus: float = 1


def run_on_ray(jobs: Sequence[Job], results: Results, limits: Limits, on_event: OnEvent, cluster: Cluster) -> None:
    """Run jobs until each has ended, in parallel as the cluster has room.

    A job whose worker is killed resumes on another from its last epoch, whose files this process has stored. Jobs that
    another command is training are waited for at the end. ``UserError`` if the cluster does not answer or has no room.
    """
    with _connected(cluster) as ray:
        gpus = _gpus(ray, cluster)
        remote = ray.remote(
            num_cpus=cluster.cpus,
            num_gpus=gpus,
            max_retries=0,
            num_returns="streaming",
            _generator_backpressure_num_objects=AHEAD,
        )(attempt_in_scratch)

        def start(job: Job) -> Any:
            request = job.request.model_copy(update={"gpus": None if gpus else 0})
            return remote.remote(request, results.files(job), limits)

        while jobs:
            jobs = _run_claimed(ray, jobs, results, limits, on_event, start)


def _run_claimed(
    ray: ModuleType, jobs: Sequence[Job], results: Results, limits: Limits, on_event: OnEvent, start: Any
) -> list[Job]:
    """Run the jobs that no other command is training, and return the others."""
    busy: list[Job] = []
    with ExitStack() as claims:
        running = {}
        for job in jobs:
            all_others_busy = len(busy) == len(jobs) - 1
            if not claims.enter_context(results.claimed(job, wait=all_others_busy)):
                on_event(job, BUSY)
                busy.append(job)
                continue
            event = results.state(job)
            if event.state == "waiting":
                running[start(job)] = job, limits.retries
            else:
                results.settle(job, event)
                on_event(job, event)
        while running:
            (events,), _ = ray.wait(list(running), num_returns=1)
            job, tries_left = running.pop(events)
            reply = _next(ray, events)
            if reply is None:
                continue
            event, changes = reply
            results.take(job, changes)
            event = after(event, tries_left)
            results.settle(job, event)
            on_event(job, event)
            if event.state == "died":
                running[start(job)] = job, tries_left - 1
            else:
                running[events] = job, tries_left
    return busy


def _next(ray: ModuleType, events: Any) -> tuple[Event, Changes] | None:
    """Return the next event and changes of a worker, or None after the last."""
    try:
        return ray.get(next(events))
    except StopIteration:
        return None
    except ray.exceptions.RayError as error:
        reason = type(error).__name__
        return Event(state="died", message=f"its worker is gone ({reason})", log=str(error)), Changes({})


def _gpus(ray: ModuleType, cluster: Cluster) -> float:
    """Return the number of GPUs of a cell. ``UserError`` if no node of a cluster of fixed size has room for one."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = float(any(node.get("GPU") for node in nodes)) if cluster.gpus is None else cluster.gpus
    room = any(node.get("CPU", 0) >= cluster.cpus and node.get("GPU", 0) >= gpus for node in nodes)
    if not room and cluster.address is None:
        most = {name: max(node.get(name, 0) for node in nodes) for name in ("CPU", "GPU")}
        raise UserError(
            f"a cell asks for {cluster.cpus:g} CPUs and {gpus:g} GPUs, this machine has {most['CPU']:g} and "
            f"{most['GPU']:g}: lower --cpus-per-cell or --gpus-per-cell"
        )
    return gpus


@contextmanager
def _connected(cluster: Cluster) -> Iterator[ModuleType]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        import ray
    except ModuleNotFoundError:
        raise missing_extra("--on ray", "ray") from None
    if cluster.address is not None:
        _require_answer(cluster.address)
    options: dict[str, Any] = {"include_dashboard": False} if cluster.address is None else {}
    try:
        ray.init(cluster.address or "local", log_to_driver=False, logging_level=logging.ERROR, **options)
    # Ray exits the process if a cluster refuses it
    except (Exception, SystemExit) as error:
        lines = str(error).strip().splitlines() or ["it refused"]
        raise UserError(f"cannot use Ray at {cluster.address or 'this machine'}: {lines[0]}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Raise ``UserError`` unless a Ray cluster answers at an address. Ray itself would wait for minutes."""
    if address != "auto":
        _require_listener(address)
    # another process, which can be ended, tries to connect first
    command = [sys.executable, "-c", "import ray, sys; ray.init(sys.argv[1], log_to_driver=False)", address]
    try:
        trial = subprocess.run(command, capture_output=True, timeout=SECONDS_TO_ANSWER, check=False, text=True)
    except subprocess.TimeoutExpired:
        silent = f"the process listening at {address} does not answer like a Ray cluster"
        raise UserError(NO_CLUSTER_HERE if address == "auto" else silent) from None
    if trial.returncode:
        lines = trial.stderr.strip().splitlines() or ["it gave no reason"]
        if address == "auto" and "ConnectionError" in lines[-1]:
            raise UserError(NO_CLUSTER_HERE)
        hint = "check that Ray's version, RAY_AUTH_MODE and token are those of its head"
        raise UserError(f"cannot use the Ray cluster at {address}: {lines[-1]}: {hint}")


def _require_listener(address: str) -> None:
    """Raise ``UserError`` for an address that is not HOST:PORT, or where nothing listens."""
    if address.startswith("ray://"):
        raise UserError(f"{address}: run this command on a node of the cluster, with --address auto")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"{address!r} is not an address of a Ray cluster: give HOST:PORT, or auto on one of its nodes")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"no Ray cluster at {address}: {reason}: start one with 'ray start --head'") from None
