"""Running many cells on Ray with killed workers and drivers gives the results of one machine."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from helpers import real_cells
from helpers.places import ROOT, TESTS
from helpers.tiny import cells as tiny_cells
from helpers.waiting import alive, wait_until

pytest.importorskip("ray")

from ferspec.errors import UserError
from ferspec.grid.running import on_ray
from ferspec.grid.running.jobs import Limits, jobs_of
from ferspec.grid.running.on_ray import Cluster
from ferspec.grid.running.results import open_results
from ferspec.grid.running.run import run_jobs
from ferspec.reference.training.state import LAST
from ferspec.subjects.runs.artifacts.record import STATE, read_run

GOOD = tuple(range(7))
SEEDS = (*GOOD, tiny_cells.DIES)
PYTHONPATH = os.pathsep.join(map(str, (TESTS, ROOT)))
TOO_LONG = 900


class Driver:
    """A process that runs small trainings on a Ray of its own."""

    def __init__(self, out, trace):
        self.trace = trace
        words = (sys.executable, "-m", "helpers.grid_driver", "ray", "real_cells", out, trace, *SEEDS)
        self.process = subprocess.Popen(
            [*map(str, words)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": PYTHONPATH},
        )

    def wait_until(self, reached):
        def reached_while_it_runs():
            assert self.process.poll() is None, "the driver ended too early"
            return reached()

        return wait_until(reached_while_it_runs, TOO_LONG)

    def summary(self):
        printed, _ = self.process.communicate(timeout=TOO_LONG)
        assert self.process.returncode == 0
        return json.loads(printed)


def finished(out):
    return {path.parent.name for path in out.glob("*/run.json") if read_run(path.parent).status == "finished"}


def quiet(trace):
    """Wait until nothing is trained any more, and return what was noted."""
    wait_until(lambda: not any(alive(process) for *_, process, _ in tiny_cells.noted(trace)))
    return tiny_cells.noted(trace)


def kept(out):
    """Return the seeds of which the driver has kept an epoch."""
    return {seed for seed in GOOD if (out / f"{tiny_cells.CELL}-seed{seed}" / STATE / LAST).exists()}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Eight cells, two at a time: a worker is killed, then the driver, which is started again.

    The first two are held until the worker is killed, the last three until the driver is.
    """
    out, trace = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("trace")
    held = {seed: tiny_cells.held(trace, seed, 0) for seed in (0, 1, 4, 5, 6)}
    for file in held.values():
        file.touch()
    first = Driver(out, trace)
    first.wait_until(lambda: {0, 1} <= kept(out))
    at_once = [line for line in tiny_cells.noted(trace) if alive(line[2])]
    victim = next(line for line in at_once if line[0] == 0)
    os.kill(victim[3], signal.SIGKILL)
    held[0].unlink()
    held[1].unlink()
    first.wait_until(lambda: len(finished(out)) >= 3)
    first.process.kill()
    first.process.communicate(timeout=TOO_LONG)
    noted_before = quiet(trace)
    finished_before = finished(out)
    for seed in (4, 5, 6):
        held[seed].unlink()
    summary = Driver(out, trace).summary()
    return {
        "out": out,
        "at once": at_once,
        "victim": victim,
        "finished before": finished_before,
        "noted before": noted_before,
        "noted": tiny_cells.noted(trace),
        "cells": {cell["seed"]: cell for cell in summary["cells"]},
    }


@pytest.mark.slow
def test_all_finish_except_the_one_that_always_crashes(story):
    states = {seed: cell["state"] for seed, cell in story["cells"].items()}
    assert states == {**dict.fromkeys(GOOD, "finished"), tiny_cells.DIES: "failed"}
    crashed = story["cells"][tiny_cells.DIES]
    assert (crashed["attempts"], crashed["message"]) == (3, "its process ended with exit status 3")


@pytest.mark.slow
def test_two_cells_are_trained_at_a_time(story):
    assert sorted(seed for seed, *_ in story["at once"]) == [0, 1]
    assert len({process for *_, process, _ in story["at once"]}) == 2


@pytest.mark.slow
def test_finished_epochs_of_a_killed_worker_are_not_repeated(story):
    seed = story["victim"][0]
    epochs = [(epoch, by) for noted, epoch, by, _ in story["noted"] if noted == seed]
    assert len({by for _, by in epochs}) >= 2
    assert [epoch for epoch, _ in epochs].count(0) == 1
    assert sorted({epoch for epoch, _ in epochs}) == list(range(real_cells.EPOCHS))


@pytest.mark.slow
def test_finished_runs_of_a_killed_driver_are_not_repeated(story):
    repeated = story["noted"][len(story["noted before"]) :]
    names = {f"{tiny_cells.CELL}-seed{seed}" for seed, *_ in repeated}
    assert len(story["finished before"]) >= 3
    assert repeated
    assert not names & story["finished before"]
    assert all(story["cells"][seed]["attempts"] == 0 for seed in GOOD if f"-seed{seed}" not in str(names))


@pytest.mark.slow
def test_an_epoch_is_trained_again_only_where_it_was_cut_off(story):
    noted = [(seed, epoch) for seed, epoch, *_ in story["noted"] if seed in GOOD]
    # one cut off with the worker, two with the driver; each may lose the epoch it was in and the one on its way back
    assert len(noted) <= real_cells.EPOCHS * len(GOOD) + 6
    assert set(noted) == {(seed, epoch) for seed in GOOD for epoch in range(real_cells.EPOCHS)}


@pytest.mark.slow
def test_results_equal_those_of_local_training(story, tmp_path):
    options = real_cells.options(tmp_path)
    jobs = jobs_of([options.cell], GOOD, options)
    run_jobs(jobs, open_results(str(tmp_path / "out")), Limits(trainer=real_cells.TRAINER), lambda job, event: None)
    local = real_cells.results(tmp_path / "out")
    assert len(local) == len(GOOD)
    assert real_cells.results(story["out"]) == local


@pytest.mark.slow
def test_only_artifacts_are_returned(story):
    for seed in GOOD:
        folder = story["out"] / f"{tiny_cells.CELL}-seed{seed}"
        assert not (folder / "state").exists()
        assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "no Ray cluster at 127.0.0.1:1: "),
        ("127.0.0.1:99999", "no Ray cluster at 127.0.0.1:99999: "),
        ("nowhere.invalid:6379", "no Ray cluster at nowhere.invalid:6379: "),
        ("head", "'head' is not an address of a Ray cluster: give HOST:PORT"),
        ("ray://head:10001", "run this command on a node of the cluster"),
    ],
)
def test_an_unreachable_cluster_is_reported_at_once(tmp_path, address, message):
    with pytest.raises(UserError, match=message):
        run_tiny(tmp_path, Cluster(address))
    assert tiny_cells.noted(tmp_path) == []


def test_another_service_at_the_address_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(on_ray, "SECONDS_TO_ANSWER", 4)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UserError, match=f"the process listening at {address} does not answer like a Ray cluster"):
            run_tiny(tmp_path, Cluster(address))


@pytest.mark.parametrize("forgotten", [True, False], ids=["no cluster", "one that is gone"])
def test_a_missing_local_cluster_is_one_line(tmp_path, monkeypatch, forgotten):
    monkeypatch.setattr(on_ray, "SECONDS_TO_ANSWER", 15 if forgotten else 4)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    if not forgotten:
        (tmp_path / "ray").mkdir()
        (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    with pytest.raises(UserError) as refused:
        run_tiny(tmp_path, Cluster("auto"))
    assert str(refused.value) == (
        "no Ray cluster answers on this machine: start one with 'ray start --head', or let 'ray stop' forget an old one"
    )


def test_a_cell_too_large_for_every_machine_is_not_waited_for(tmp_path):
    with pytest.raises(UserError, match=r"asks for 1 CPUs and 1000 GPUs, this machine has .*lower --cpus-per-cell"):
        run_tiny(tmp_path, Cluster(gpus=1000))


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"--on ray needs ray: pip install 'ferspec\[ray\]'"):
        run_tiny(tmp_path, Cluster())


def run_tiny(folder, cluster):
    options = tiny_cells.options(folder)
    jobs = jobs_of([options.cell], [0], options)
    run_jobs(jobs, open_results(str(folder / "out")), Limits(trainer=tiny_cells.TRAINER), lambda *_: None, cluster)
