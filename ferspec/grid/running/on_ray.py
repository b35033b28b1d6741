"""Runs jobs on a Ray cluster; every file comes back to this process, so that nodes need no file system in common."""

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
from ferspec.grid.running.elsewhere import Changes, attempt_elsewhere
from ferspec.grid.running.jobs import Event, Job, Limits, Tell, after
from ferspec.grid.running.local import BUSY
from ferspec.grid.running.results import Results

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 5, 30
# how many epochs a worker may be ahead of this process, which keeps what they left
AHEAD = 2
NO_CLUSTER_HERE = (
    "no Ray cluster answers on this machine: start one with 'ray start --head', or let 'ray stop' forget an old one"
)


@dataclass(frozen=True)
class Cluster:
    """Which cluster, and what each cell needs of it; without an address Ray is started on this machine.

    ``gpus`` may be a fraction; by default it is 1 where the cluster has any GPU.
    """

    address: str | None = None
    gpus: float | None = None
    cpus: float = 1


def run_on_ray(jobs: Sequence[Job], results: Results, limits: Limits, tell: Tell, cluster: Cluster) -> None:
    """Run jobs until each has ended, as many at a time as the cluster has room for.

    A job whose worker is killed goes on elsewhere from its last epoch, which this process has kept. What another
    command trains meanwhile is waited for at the end. ``UserError`` where the cluster cannot be reached or has no room.
    """
    with _connected(cluster) as ray:
        gpus = _gpus(ray, cluster)
        remote = ray.remote(
            num_cpus=cluster.cpus,
            num_gpus=gpus,
            max_retries=0,
            num_returns="streaming",
            _generator_backpressure_num_objects=AHEAD,
        )(attempt_elsewhere)

        def start(job: Job) -> Any:
            request = job.request.model_copy(update={"gpus": None if gpus else 0})
            return remote.remote(request, results.files(job), limits)

        while jobs:
            jobs = _run_claimed(ray, jobs, results, limits, tell, start)


def _run_claimed(
    ray: ModuleType, jobs: Sequence[Job], results: Results, limits: Limits, tell: Tell, start: Any
) -> list[Job]:
    """Run those jobs that no other command is training, at least one, and return the others."""
    busy: list[Job] = []
    with ExitStack() as claims:
        running = {}
        for job in jobs:
            last_hope = len(busy) == len(jobs) - 1
            if not claims.enter_context(results.claimed(job, patient=last_hope)):
                tell(job, BUSY)
                busy.append(job)
                continue
            event = results.standing(job)
            if event.state == "waiting":
                running[start(job)] = job, limits.retries
            else:
                results.settle(job, event)
                tell(job, event)
        while running:
            (events,), _ = ray.wait(list(running), num_returns=1)
            job, tries_left = running.pop(events)
            heard = _next(ray, events)
            if heard is None:
                continue
            event, changes = heard
            results.take(job, changes)
            event = after(event, tries_left)
            results.settle(job, event)
            tell(job, event)
            if event.state == "died":
                running[start(job)] = job, tries_left - 1
            else:
                running[events] = job, tries_left
    return busy


def _next(ray: ModuleType, events: Any) -> tuple[Event, Changes] | None:
    """Return what a worker tells next, or None when all is told."""
    try:
        return ray.get(next(events))
    except StopIteration:
        return None
    except ray.exceptions.RayError as error:
        how = type(error).__name__
        return Event(state="died", message=f"its worker is gone ({how})", log=str(error)), Changes({})


def _gpus(ray: ModuleType, cluster: Cluster) -> float:
    """Return how many GPUs a cell gets; ``UserError`` where no node of a cluster that cannot grow has room for one."""
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
    except ImportError:
        raise UserError("--on ray needs Ray: pip install 'ferspec[ray]'") from None
    if cluster.address is not None:
        _require_answer(cluster.address)
    started = {"include_dashboard": False} if cluster.address is None else {}
    try:
        ray.init(cluster.address or "local", log_to_driver=False, logging_level=logging.ERROR, **started)
    # Ray ends the process where a cluster refuses it
    except (Exception, SystemExit) as error:
        lines = str(error).strip().splitlines() or ["it refused"]
        raise UserError(f"cannot use Ray at {cluster.address or 'this machine'}: {lines[0]}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Raise ``UserError`` unless a Ray cluster answers at an address: Ray itself would wait for minutes."""
    if address != "auto":
        _require_listener(address)
    # what this process would wait minutes for, another one tries first, and may be ended
    asked = [sys.executable, "-c", "import ray, sys; ray.init(sys.argv[1], log_to_driver=False)", address]
    try:
        tried = subprocess.run(asked, capture_output=True, timeout=SECONDS_TO_ANSWER, check=False, text=True)
    except subprocess.TimeoutExpired:
        silent = f"what listens at {address} does not answer as a Ray cluster would"
        raise UserError(NO_CLUSTER_HERE if address == "auto" else silent) from None
    if tried.returncode:
        lines = tried.stderr.strip().splitlines() or ["it gave no reason"]
        if address == "auto" and "ConnectionError" in lines[-1]:
            raise UserError(NO_CLUSTER_HERE)
        hint = "are Ray's version, RAY_AUTH_MODE and the token those of its head?"
        raise UserError(f"cannot use the Ray cluster at {address}: {lines[-1]}: {hint}")


def _require_listener(address: str) -> None:
    """Raise ``UserError`` for what is no HOST:PORT, and where nothing listens there."""
    if address.startswith("ray://"):
        raise UserError(f"{address}: run this command on a node of the cluster, with --address auto")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UserError(f"{address!r} is no address of a Ray cluster: give HOST:PORT, or auto on one of its nodes")
    try:
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UserError(f"no Ray cluster at {address}: {why}: start one with 'ray start --head'") from None
