"""Sends the epochs of a training to TensorBoard or MLflow, each epoch once. Both are optional extras."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.files import write_whole
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.runs.artifacts.record import EVENTS, MLFLOW_DATABASE, MLFLOW_RUN, RunRecord

EXPERIMENT = "ferspec"
# the packages that each extra installs
PACKAGES = {"tensorboard": ("tensorboard",), "mlflow": ("mlflow", "sqlalchemy", "alembic")}


class Logger(Protocol):
    """Logs epochs as they finish, and skips those that are logged already."""

    def log(self, row: EpochRow) -> None: ...

    def close(self) -> None: ...


def require_loggers(names: Sequence[str]) -> None:
    """Raise ``UserError`` for an unknown logger, or one whose extra is not installed."""
    for name in names:
        if name not in LOGGERS:
            raise UserError(f"unknown logger {name!r}: known are {', '.join(LOGGERS)}")
        for package in PACKAGES[name]:
            require_package(f"logging to {name}", package)


def open_loggers(names: Sequence[str], folder: Path, run: RunRecord) -> list[Logger]:
    """Return the loggers of these names (``tensorboard``, ``mlflow``) for the training in a folder.

    TensorBoard events are written to ``tensorboard`` in the folder. MLflow uses the server at ``MLFLOW_TRACKING_URI``,
    or a database in the folder; ``mlflow-run.txt`` stores the id of its run. ``UserError`` as in ``require_loggers``,
    and for a server that does not answer.
    """
    require_loggers(names)
    return [LOGGERS[name](folder, run) for name in dict.fromkeys(names)]


class TensorBoard:
    """Writes a scalar for each metric of an epoch."""

    def __init__(self, folder: Path, run: RunRecord) -> None:
        import tensorflow as tf

        events = folder / EVENTS
        self._next = dict.fromkeys(METRICS, 0)
        for name, step in _logged(events):
            self._next[name] = max(self._next.get(name, 0), step + 1)
        self._tf = tf
        with _as_user_error(f"cannot write to {events}", (OSError, tf.errors.OpError)):
            self._writer = tf.summary.create_file_writer(str(events))

    def log(self, row: EpochRow) -> None:
        figures = _unlogged(row, self._next)
        with self._writer.as_default():
            for name, value in figures.items():
                self._tf.summary.scalar(name, value, step=row.epoch)
        self._writer.flush()
        self._next |= dict.fromkeys(figures, row.epoch + 1)

    def close(self) -> None:
        self._writer.close()


class MLflow:
    """Logs the settings of a training as parameters, and the metrics of every epoch."""

    def __init__(self, folder: Path, run: RunRecord) -> None:
        from mlflow import MlflowClient

        database = f"sqlite:///{(folder / MLFLOW_DATABASE).resolve().as_posix()}"
        self._address = os.environ.get("MLFLOW_TRACKING_URI") or database
        folder.mkdir(parents=True, exist_ok=True)
        with self._answering():
            self._client = MlflowClient(tracking_uri=self._address)
            self._id = self._known_run(folder / MLFLOW_RUN) or self._new_run(folder / MLFLOW_RUN, run)
            self._client.update_run(self._id, status="RUNNING")
            self._next = {
                name: 1 + max((metric.step for metric in self._client.get_metric_history(self._id, name)), default=-1)
                for name in METRICS
            }

    def log(self, row: EpochRow) -> None:
        from mlflow.entities import Metric

        figures = _unlogged(row, self._next)
        if not figures:
            return
        now = int(time.time() * 1000)
        with self._answering():
            self._client.log_batch(self._id, [Metric(name, value, now, row.epoch) for name, value in figures.items()])
        self._next |= dict.fromkeys(figures, row.epoch + 1)

    def close(self) -> None:
        with self._answering():
            self._client.set_terminated(self._id)

    def _known_run(self, path: Path) -> str | None:
        return path.read_text(encoding="utf-8").strip() if path.is_file() else None

    def _new_run(self, path: Path, run: RunRecord) -> str:
        from mlflow.entities import Param

        known = self._client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else self._client.create_experiment(EXPERIMENT)
        id = self._client.create_run(experiment, run_name=run.cell).info.run_id
        write_whole(path, f"{id}\n")
        settings = {"cell": run.cell, **run.settings.model_dump()}
        self._client.log_batch(id, params=[Param(name, str(value)) for name, value in settings.items()])
        return id

    @contextmanager
    def _answering(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException

        with _as_user_error(f"MLflow at {self._address} failed", (OSError, MlflowException)):
            yield


LOGGERS: Mapping[str, Callable[[Path, RunRecord], Logger]] = {"tensorboard": TensorBoard, "mlflow": MLflow}
METRICS = tuple(name for name in EpochRow.model_fields if name != "epoch")


def _unlogged(row: EpochRow, following: Mapping[str, int]) -> dict[str, float]:
    """Return the metrics of an epoch that are not logged yet. A process may be killed between two of them."""
    return {name: float(getattr(row, name)) for name in METRICS if row.epoch >= following[name]}


def _logged(events: Path) -> Iterator[tuple[str, int]]:
    """Yield name and step of every scalar in event files that may be truncated."""
    import tensorflow as tf

    for path in sorted(events.glob("events.out.tfevents.*")):
        try:
            for event in tf.compat.v1.train.summary_iterator(str(path)):
                for value in event.summary.value:
                    yield value.tag, event.step
        except tf.errors.DataLossError:
            continue


@contextmanager
def _as_user_error(message: str, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        lines = str(error).strip().splitlines()
        raise UserError(f"{message}: {lines[0] if lines else type(error).__name__}") from error
