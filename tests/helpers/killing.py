"""Kills ``ferspec train`` at ten moments, again and again in one folder, and prints as JSON what each kill left.

A script: ``python -m helpers.killing FOLDER CELL OPTIONS...``. TensorFlow is imported once, before any of it is used,
and every training is a fork of that process.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from ferspec import cli
from ferspec.reference.training.state import StateFolder
from ferspec.subjects.artifacts import CONTRACT, HISTORY, MANIFEST, MODEL, PREDICTIONS, REPORT, RUN, read_run
from ferspec.subjects.contracts import load_contract
from ferspec.subjects.history import read_history
from ferspec.subjects.models.quiet import tensorflow
from ferspec.subjects.run_manifest import read_manifest
from ferspec.subjects.run_predictions import read_run_predictions
from ferspec.subjects.run_report import read_run_report

TOO_LONG = 120


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


class Training:
    """The trainings of one command into one folder; ``log`` is what the current process says."""

    def __init__(self, folder: Path, words: list[str], name: str) -> None:
        self.out, self.log = folder / name, folder / f"{name}.log"
        self._words = ["ferspec", "train", *words, "--out", str(self.out)]

    def start(self) -> int:
        """Start a process and return its id."""
        self.log.write_bytes(b"")
        process = os.fork()
        if not process:
            self._train()
        return process

    def finish(self) -> int:
        """Let a process train to the end and return its exit status."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(), 0)[1])

    def killed(self, reached: Callable[[], bool], delay: float) -> bool:
        """Kill a process so many seconds after a moment is reached, and return whether it was still running."""
        process, latest = self.start(), time.monotonic() + TOO_LONG
        while not reached() and time.monotonic() < latest and not ended(process):
            time.sleep(0.0005)
        time.sleep(delay)
        os.kill(process, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL

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

    def _train(self) -> None:
        handle = os.open(self.log, os.O_WRONLY | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.argv = self._words
        try:
            cli.main()
        except SystemExit as end:
            os._exit(end.code or 0)
        finally:
            os._exit(70)


def ended(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def after_epochs(training: Training, count: int) -> Callable[[], bool]:
    return lambda: len(training.announced()) >= count


def writing(training: Training) -> Callable[[], bool]:
    """Return a function that says whether this process has begun to write the artifacts."""
    manifest = training.out / MANIFEST
    before = manifest.stat().st_mtime_ns if manifest.exists() else None
    return lambda: manifest.exists() and manifest.stat().st_mtime_ns != before


def kill_and_look(training: Training, moment: str, reached: Callable[[], bool], delay: float) -> dict:
    before = training.kept()
    hit = training.killed(reached, delay)
    said = training.announced()
    return {
        "moment": f"{delay:.3f} s {moment}",
        "hit": hit,
        "said": said,
        "before": before,
        "kept": training.kept(),
        "unreadable": training.unreadable(),
    }


def main(folder: Path, words: list[str]) -> dict:
    tensorflow()
    chance = random.Random(20240617)
    whole, training = Training(folder, words, "whole"), Training(folder, words, "killed")
    finished = [whole.finish()]
    kills = [kill_and_look(training, "after the start", lambda: True, chance.uniform(0, 2)) for _ in range(2)]
    pace = read_run(whole.out).environment.seconds["train"] / len(read_history(whole.out / HISTORY))
    for _ in range(6):
        reached, delay = after_epochs(training, 1), chance.uniform(0, 1.5 * pace)
        kills.append(kill_and_look(training, "after one more epoch", reached, delay))
    for _ in range(2):
        delay, saved = chance.uniform(0, 0.15), folder / "saved"
        shutil.copytree(training.out, saved)
        while not (kill := kill_and_look(training, "after the first artifact", writing(training), delay))["hit"]:
            delay /= 2
            shutil.rmtree(training.out)
            shutil.copytree(saved, training.out)
        shutil.rmtree(saved)
        kills.append(kill)
    finished.append(training.finish())
    again = training.finish()
    same = {
        name: (training.out / name).read_bytes() == (whole.out / name).read_bytes() for name in (HISTORY, PREDICTIONS)
    }
    return {
        "finished": finished,
        "again": again,
        "said again": training.announced(),
        "epochs": len(read_history(training.out / HISTORY)),
        "kills": kills,
        "same": same,
        "files": sorted(path.name for path in training.out.iterdir()),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2:])))
