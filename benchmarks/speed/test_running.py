"""What it costs to run many cells: scheduling on top of training, and what a second worker gains."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from ferspec.grid.cells import find_cell
from ferspec.grid.running.board import Board
from ferspec.grid.running.jobs import Event, Limits, jobs_of
from ferspec.grid.running.on_ray import Cluster
from ferspec.grid.running.results import open_results
from ferspec.grid.running.run import run_jobs
from ferspec.grid.training.train import Request

pytestmark = [pytest.mark.speed, pytest.mark.timeout(1800)]

CELL = "lenet5-scratch-48-synthetic-simple"
CELLS, SECONDS = 6, 2.0
# a usual training takes hours; what scheduling adds to one is to be lost in the noise of starting a framework
MOST_OVERHEAD = 6.0
LEAST_SPEED_UP = 1.5


def sleep(request, listener):
    """Stand for a training of a known length that needs no processor."""
    time.sleep(SECONDS)


class Clock(Board):
    """A board that notes when the first cell began and when the last one ended: Ray's own start is not scheduling."""

    first = last = 0.0

    def update(self, job, event: Event):
        super().update(job, event)
        if event.state == "running" and not self.first:
            self.first = time.perf_counter()
        if event.ended:
            self.last = time.perf_counter()


def seconds(out: Path, cluster: Cluster | None) -> tuple[float, float]:
    """Return how long six sleeping cells take from the first one's start, and from the command's."""
    options = Request(cell=find_cell(CELL), out=out)
    jobs = jobs_of([options.cell], range(CELLS), options)
    clock, began = Clock(str(out), jobs), time.perf_counter()
    limits = Limits(trainer="test_running:sleep")
    run_jobs(jobs, open_results(str(out)), limits, clock.update, cluster)
    assert clock.counts()["finished"] == CELLS
    return clock.last - clock.first, time.perf_counter() - began


def test_scheduling_costs_little_and_a_second_worker_pays(tmp_path, monkeypatch, benchmark, note):
    """A cell's share beyond its own time stays small, and two workers are nearly twice as fast as one."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(Path(__file__).parent), str(Path(__file__).parents[2]))))
    processors = multiprocessing.cpu_count()
    ways = {
        "local": None,
        "one worker": Cluster(gpus=0, cpus=processors),
        "two workers": Cluster(gpus=0, cpus=processors // 2 or 0.5),
    }

    def time_all():
        return {name: seconds(tmp_path / name.replace(" ", "-"), cluster) for name, cluster in ways.items()}

    found = benchmark.pedantic(time_all)
    overhead = {name: found[name][0] / CELLS - SECONDS for name in ("local", "one worker")}
    start = found["one worker"][1] - found["one worker"][0]
    speed_up = found["one worker"][0] / found["two workers"][0]
    note(
        local_overhead=overhead["local"],
        ray_overhead=overhead["one worker"],
        most_overhead=MOST_OVERHEAD,
        speed_up=speed_up,
        least_speed_up=LEAST_SPEED_UP,
        ray_start=start,
    )
    assert max(overhead.values()) <= MOST_OVERHEAD
    assert speed_up >= LEAST_SPEED_UP
