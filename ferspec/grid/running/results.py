"""Stores the results of many trainings in a local folder or at a URL (fsspec)."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from ferspec.errors import UserError
from ferspec.extras import missing_extra
from ferspec.files import write_whole
from ferspec.grid.judging.results import FAILED
from ferspec.grid.running.jobs import Event, Job, require_same_training
from ferspec.grid.running.scratch import Changes
from ferspec.subjects.runs.artifacts.record import (
    FINISHED_FILES,
    RUN,
    STATE,
    RunRecord,
    is_run,
    read_run,
    require_artifact,
)

LOCKS = ".locks"
RETRAIN = "remove its folder to train it again"
POLL_SECONDS = 0.5


class Results(ABC):
    """Run folders by name, each failed one with a note next to it."""

    def __init__(self, out: str) -> None:
        self.out = out

    def place(self, job: Job) -> str:
        """Return the path of a job's folder."""
        return f"{self.out.rstrip('/')}/{job.name}"

    def state(self, job: Job) -> Event:
        """Return whether a job is finished, failed, or waiting to be trained.

        A job with a damaged folder has failed. ``UserError`` if its folder contains another training than requested.
        """
        try:
            run = self.run(job)
        except UserError as error:
            return Event(state="failed", message=f"{error}: {RETRAIN}")
        if run is None:
            return Event(state="waiting")
        require_same_training(self.place(job), run, job.request)
        if run.status != "finished":
            return Event(state="waiting")
        try:
            self.require_whole(job, run)
        except UserError as error:
            return Event(state="failed", message=f"{error}: {RETRAIN}")
        return Event(state="finished", epochs=sum(phase.epochs for phase in run.phases), message="already finished")

    def settle(self, job: Job, event: Event) -> None:
        """Write a note on a failure beside a job's folder, or remove it."""
        note = job.name + FAILED
        if event.state == "failed":
            self.apply(Changes({note: f"{event.message}\n\n{event.log}\n".encode()}))
        elif event.ended:
            self.apply(Changes({}, (note,)))

    def take(self, job: Job, changes: Changes) -> None:
        """Apply the changes of a training in a scratch folder to the job's own folder."""
        self.apply(
            Changes(
                {f"{job.name}/{name}": content for name, content in changes.written.items()},
                tuple(f"{job.name}/{name}" for name in changes.removed),
            )
        )

    @abstractmethod
    def tidy(self, job: Job) -> None:
        """Remove the state for resuming from the folder of a finished job."""

    @abstractmethod
    def run(self, job: Job) -> RunRecord | None:
        """Return the record of a job, or None if it has none yet."""

    @abstractmethod
    def require_whole(self, job: Job, run: RunRecord) -> None:
        """Raise ``UserError`` if artifacts of a finished job are missing or damaged."""

    @abstractmethod
    def files(self, job: Job) -> dict[str, bytes]:
        """Return all files of a job's folder, by their paths in it."""

    @abstractmethod
    def apply(self, changes: Changes) -> None:
        """Write files atomically and in order, then remove others; paths are relative to ``out``."""

    @abstractmethod
    @contextmanager
    def claimed(self, job: Job, wait: bool) -> Iterator[bool]:
        """Yield whether this process holds the lock of a job. With ``wait`` it waits for the lock."""


class LocalResults(Results):
    """Results in a local folder."""

    def __init__(self, out: str) -> None:
        super().__init__(out)
        self.folder = Path(out)
        try:
            (self.folder / LOCKS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to {out}: {error.strerror or error}") from None

    def run(self, job: Job) -> RunRecord | None:
        folder = self.folder / job.name
        return read_run(folder) if is_run(folder) else None

    def require_whole(self, job: Job, run: RunRecord) -> None:
        for name in FINISHED_FILES:
            require_artifact(self.folder / job.name, run, name)

    def tidy(self, job: Job) -> None:
        state = self.folder / job.name / STATE
        if state.exists():
            shutil.rmtree(state)

    def files(self, job: Job) -> dict[str, bytes]:
        folder = self.folder / job.name
        paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    def apply(self, changes: Changes) -> None:
        for name, content in changes.written.items():
            write_whole(self.folder / name, content)
        for name in changes.removed:
            path = self.folder / name
            path.unlink(missing_ok=True)
            if path.parent != self.folder and path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()

    @contextmanager
    def claimed(self, job: Job, wait: bool) -> Iterator[bool]:
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / LOCKS / f"{job.name}.lock")
        try:
            lock.acquire(timeout=-1 if wait else 0, poll_interval=POLL_SECONDS)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


class UrlResults(Results):
    """Results at a URL. It has no locks: only one command may write at a time."""

    def __init__(self, out: str) -> None:
        super().__init__(out)
        try:
            from fsspec.core import url_to_fs
        except ModuleNotFoundError:
            raise missing_extra(f"writing to {out}", "fsspec") from None
        try:
            self._fs, self._root = url_to_fs(out)
            self._fs.makedirs(self._root, exist_ok=True)
        except (ValueError, ImportError, OSError) as error:
            raise UserError(f"cannot write to {out}: {error}") from None

    def run(self, job: Job) -> RunRecord | None:
        path = self._path(f"{job.name}/{RUN}")
        try:
            return RunRecord.model_validate(json.loads(self._fs.cat_file(path)))
        except FileNotFoundError:
            return None
        except (ValidationError, ValueError):
            raise UserError(f"{self.place(job)}/{RUN} is not the record of a run") from None

    def require_whole(self, job: Job, run: RunRecord) -> None:
        # files are written atomically; comparing their sha256 would download them all
        for name in FINISHED_FILES:
            if not self._fs.exists(self._path(f"{job.name}/{name}")):
                raise UserError(f"{self.place(job)}: {name} is missing, so the run is incomplete")

    def tidy(self, job: Job) -> None:
        state = self._path(f"{job.name}/{STATE}")
        if self._fs.exists(state):
            self._fs.rm(state, recursive=True)

    def files(self, job: Job) -> dict[str, bytes]:
        folder = self._path(job.name)
        if not self._fs.exists(folder):
            return {}
        return {path.removeprefix(f"{folder}/"): self._fs.cat_file(path) for path in self._fs.find(folder)}

    def apply(self, changes: Changes) -> None:
        try:
            for name, content in changes.written.items():
                path = self._path(name)
                self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._fs.pipe_file(path, content)
            for name in changes.removed:
                if self._fs.exists(self._path(name)):
                    self._fs.rm_file(self._path(name))
        except OSError as error:
            raise UserError(f"cannot write to {self.out}: {error}") from None

    @contextmanager
    def claimed(self, job: Job, wait: bool) -> Iterator[bool]:
        yield True

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


def open_results(out: str) -> Results:
    """Open the results at ``out``: a folder, created if missing, or a URL (``s3://``, ``memory://``, …)."""
    if out.startswith("file://"):
        return LocalResults(out.removeprefix("file://"))
    return UrlResults(out) if "://" in out else LocalResults(out)
