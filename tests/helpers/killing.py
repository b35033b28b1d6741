"""Kill ``ferspec train`` at each kind of moment in one folder, and print the remaining files as JSON.

A script: ``python -m helpers.killing FOLDER CELL OPTIONS...``. TensorFlow is imported once, before any of it is used,
and every training is a fork of that process. What a kill leaves depends only on the last change of a file before it, so
a training kills itself at such a change, or within an epoch: no kill depends on how fast a machine is.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ferspec import cli
from ferspec.commands.live.training import TrainingView
from ferspec.reference.training.state import StateFolder
from ferspec.subjects.models.contracts.files import load_contract
from ferspec.subjects.models.quiet import tensorflow
from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.predictions import read_run_predictions
from ferspec.subjects.runs.artifacts.record import (
    CONTRACT,
    CURVES,
    FINISHED_FILES,
    HISTORY,
    MANIFEST,
    MODEL,
    PREDICTIONS,
    REPORT,
    RUN,
    read_run,
)
from helpers.waiting import wait_until

TOO_LONG = 300


def read_arrays(path: Path) -> None:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None, "damaged"


READERS = {
    RUN: lambda path: read_run(path.parent),
    HISTORY: read_history,
    PREDICTIONS: read_run_predictions,
    REPORT: read_run_report,
    MANIFEST: read_manifest,
    CONTRACT: load_contract,
    MODEL: read_arrays,
}


STEP = "ferspec test step"


@dataclass(frozen=True)
class Moment:
    """The moment before an event of Python's audit hooks happens to such a file for the nth time in a process."""

    said: str
    event: str
    file: str
    nth: int = 1

    def wait(self) -> None:
        """Kill this process when the moment comes."""
        seen = 0

        def hear(event: str, arguments: tuple) -> None:
            nonlocal seen
            # os.rename(source, target, ...), os.remove(path, ...), shutil.rmtree(path, ...)
            if event == self.event:
                seen += fnmatchcase(Path(arguments[event == "os.rename"]).name, self.file)
                if seen == self.nth:
                    if event == "os.rename":
                        # a kill may also come while the file is written
                        os.truncate(arguments[0], os.path.getsize(arguments[0]) // 2)
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hear)


def before(name: str, nth: int = 1) -> Moment:
    return Moment(f"before {name} has its name", "os.rename", name, nth)


# in the order of a training: each resumes from what the kill before it left
MOMENTS = (
    before(RUN),
    Moment("within the first epoch", STEP, "*"),
    before("best-*.npz"),
    before("last.npz"),
    # the first file that is removed is the one that the kill before left half written
    Moment("after last.npz has its name", "os.remove", ".last.*", nth=2),
    Moment("within the next epoch but one", STEP, "*", nth=3),
    before("last.npz", nth=2),
    *map(before, FINISHED_FILES),
    before(RUN, nth=2),
    Moment("after the record says finished", "shutil.rmtree", "state"),
    Moment("when the state is half removed", "os.remove", "[bl]*st*.npz", nth=2),
    before(CURVES),
)


class Training:
    """The trainings of one command into one folder; ``log`` is what the current process says."""

    def __init__(self, folder: Path, words: list[str], name: str) -> None:
        self.out, self.log = folder / name, folder / f"{name}.log"
        self._words = ["ferspec", "train", *words, "--out", str(self.out)]

    def ended(self, prepare: Callable[[], None] = lambda: None) -> int:
        """Train in a process that first prepares itself, and return its exit status, or the negative signal."""
        self.log.write_bytes(b"")
        process = os.fork()
        if not process:
            self._train(prepare)
        try:
            _, status = wait_until(lambda: (ended := os.waitpid(process, os.WNOHANG))[0] and ended, TOO_LONG)
        except AssertionError:
            os.kill(process, signal.SIGKILL)
            raise
        return os.waitstatus_to_exitcode(status)

    def announced(self) -> list[int]:
        """Return the epochs that the process said to be finished."""
        lines = self.log.read_text().split("\n")[:-1]
        return [int(line.split()[3]) for line in lines if line.startswith("phase ") and "val_loss" in line]

    def kept(self) -> int:
        """Return how many finished epochs there are."""
        return len(StateFolder(self.out / "state").progress().rows)

    def unreadable(self) -> list[str]:
        """Return what of the files that are there cannot be read, and why."""
        found = []
        for path in self.out.rglob("*"):
            if path.is_dir() or path.name.startswith("."):
                continue
            try:
                (read_arrays if path.suffix == ".npz" else READERS[path.name])(path)
            except Exception as error:
                found.append(f"{path.name}: {error!r}")
        return found

    def _train(self, prepare: Callable[[], None]) -> None:
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.argv = self._words
        TrainingView.step = lambda view, epoch, done, steps: sys.audit(STEP, str(epoch))
        try:
            prepare()
            cli.main()
        except SystemExit as end:
            os._exit(end.code or 0)
        finally:
            os._exit(70)


def kill_and_look(training: Training, moment: Moment) -> dict:
    before = training.kept()
    ended = training.ended(moment.wait)
    return {
        "moment": moment.said,
        "hit": ended == -signal.SIGKILL,
        "said": training.announced(),
        "before": before,
        "kept": training.kept(),
        "finished": (training.out / RUN).exists() and read_run(training.out).status == "finished",
        "unreadable": training.unreadable(),
    }


def main(folder: Path, words: list[str]) -> dict:
    tensorflow()
    whole, training = Training(folder, words, "whole"), Training(folder, words, "killed")
    finished = [whole.ended()]
    kills = [kill_and_look(training, moment) for moment in MOMENTS]
    finished.append(training.ended())
    repeated = training.ended()
    same = {
        name: (training.out / name).read_bytes() == (whole.out / name).read_bytes() for name in (HISTORY, PREDICTIONS)
    }
    return {
        "finished": finished,
        "again": repeated,
        "said again": training.announced(),
        "epochs": len(read_history(training.out / HISTORY)),
        "kills": kills,
        "same": same,
        "files": sorted(path.name for path in training.out.iterdir()),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2:])))
