"""A miniature training for tests of running many: it writes all artifacts in a second and a half.

Its epochs are links of a chain of digests, so that one skipped or started again shows in the artifacts. Every epoch is
noted in the file ``trace`` of the folder that stands for the published weights: seed, epoch, process, its parent.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

from ferspec import spec
from ferspec.environment import environment
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.grid.cells import find_cell
from ferspec.grid.training.train import Request
from ferspec.grid.training.writing import write_record
from ferspec.reference.training.fit import Outlook
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.runs.artifacts.record import (
    FINISHED_FILES,
    STATE,
    Phase,
    RunRecord,
    Settings,
    Start,
    is_run,
    read_run,
)
from helpers.waiting import wait_until

EPOCHS, SECONDS = 4, 0.05
CELL = "lenet5-scratch-48-synthetic-simple"
DIES, HANGS, REFUSES, KILLED_ONCE, SAYS_MUCH = 101, 102, 103, 104, 105
TRAINER = "helpers.tiny.cells:train"


def options(trace, **fields):
    """Return a request for tiny trainings that note their epochs in a folder."""
    return Request(cell=find_cell(CELL), out=Path("unused"), weights_dir=Path(trace), **fields)


def train(request, listener):
    misbehave(request)
    state = request.out / STATE
    chain = json.loads((state / "last.npz").read_text()) if (state / "last.npz").exists() else []
    run = read_run(request.out) if is_run(request.out) else record(request)
    if run.status == "finished":
        return
    write_record(request.out, run)
    if chain:
        listener.resume(chain)
    while len(chain) < EPOCHS:
        note(request, len(chain))
        hold(request, len(chain))
        time.sleep(SECONDS)
        chain.append(hashlib.sha256(f"{request.seed} {chain}".encode()).hexdigest())
        write_whole(state / f"best-{len(chain)}.npz", chain[-1])
        write_whole(state / "last.npz", json.dumps(chain))
        (state / f"best-{len(chain) - 1}.npz").unlink(missing_ok=True)
        listener.epoch(chain, Outlook(EPOCHS - len(chain), firm=True))
        if request.seed == KILLED_ONCE and len(noted(request.weights_dir)) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    best = (state / f"best-{EPOCHS}.npz").read_text()
    for name in FINISHED_FILES:
        write_whole(request.out / name, f"{name} {best}\n")
    files = {name: file_digest(request.out / name) for name in FINISHED_FILES}
    phase = Phase(phase=1, frozen=False, initial_rate=1, epochs=EPOCHS, ended="length of the phase")
    write_record(request.out, run.model_copy(update={"status": "finished", "files": files, "phases": (phase,)}))
    shutil.rmtree(state)


def misbehave(request):
    if request.seed == DIES:
        note(request, 0)
        os._exit(3)
    if request.seed == HANGS:
        time.sleep(600)
    if request.seed == REFUSES:
        raise UserError("the moon is full: wait a day")
    if request.seed == SAYS_MUCH:
        print("\n".join(f"line {number}" for number in range(100)))
        raise RuntimeError("the last straw")


def record(request):
    settings = {name: getattr(request, name) for name in Settings.model_fields if hasattr(request, name)}
    return RunRecord(
        cell=request.cell.id,
        status="running",
        settings=Settings(global_batch=1, replicas=1, **settings),
        deviations=(),
        start=Start(kind="scratch"),
        class_weights={},
        data={},
        environment=environment({}),
        spec_version=spec.load().version,
        spec_digest=spec.load().digest,
    )


def held(folder, seed, epoch):
    """Return the file that, as long as it lies beside the trace, holds a training in an epoch."""
    return Path(folder, f"held {seed} {epoch}")


def hold(request, epoch):
    wait_until(lambda: not held(request.weights_dir, request.seed, epoch).exists(), seconds=900)


def note(request, epoch):
    with (request.weights_dir / "trace").open("a") as file:
        file.write(f"{request.seed} {epoch} {os.getpid()} {os.getppid()}\n")


def noted(folder):
    """Return what was noted, a list of (seed, epoch, process, its parent)."""
    path = Path(folder, "trace")
    return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []
