"""TensorBoard and MLflow receive every epoch once, for any number of interruptions."""

import shutil
from collections import defaultdict

import pytest

from ferspec.errors import UserError
from ferspec.grid.training.loggers import open_loggers
from ferspec.reference.training.epoch_row import EpochRow
from helpers.tiny import runs as tiny_runs

METRICS = {"accuracy", "learning_rate", "loss", "val_accuracy", "val_loss", "phase"}
ROWS = [
    EpochRow(
        epoch=epoch,
        accuracy=epoch / 8,
        learning_rate=0.25,
        loss=2.0 - epoch,
        val_accuracy=0.5,
        val_loss=1.5,
        phase=1 + epoch // 2,
    )
    for epoch in range(4)
]


@pytest.fixture
def run(tmp_path):
    return tiny_runs.begin(tmp_path, tiny_runs.data())


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def log(names, folder, run, rows):
    opened = open_loggers(names, folder, run)
    for logger in opened:
        for row in rows:
            logger.log(row)
        logger.close()


def on_tensorboard(folder):
    """Return (step, value) of every scalar in the folder's event files, as TensorBoard's own reader sees them."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util import tensor_util

    found = defaultdict(list)
    for path in sorted((folder / "tensorboard").iterdir()):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                found[value.tag].append((event.step, float(tensor_util.make_ndarray(value.tensor))))
    return dict(found)


def on_mlflow(folder):
    """Return (step, value) of every metric of the folder's only MLflow run."""
    client, run = mlflow_run(folder)
    return {
        name: [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }


def mlflow_run(folder):
    for package in ("mlflow", "sqlalchemy", "alembic"):
        pytest.importorskip(package)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("ferspec").experiment_id])
    return client, run


READERS = {"tensorboard": (on_tensorboard, ("tensorboard",)), "mlflow": (on_mlflow, ("mlflow", "sqlalchemy"))}


@pytest.fixture(params=READERS)
def logger(request):
    """The name of each logger that is installed, and a function that reads what it wrote."""
    reader, packages = READERS[request.param]
    for package in packages:
        pytest.importorskip(package)
    return request.param, reader


def expected(rows):
    return {name: [(row.epoch, getattr(row, name)) for row in rows] for name in METRICS}


def test_every_figure_of_every_epoch_arrives(logger, tmp_path, run):
    name, read = logger
    log([name], tmp_path, run, ROWS)
    assert read(tmp_path) == expected(ROWS)


def test_a_resumed_training_logs_every_epoch_once(logger, tmp_path, run):
    name, read = logger
    log([name], tmp_path, run, ROWS[:2])
    log([name], tmp_path, run, ROWS[:3])
    log([name], tmp_path, run, ROWS[2:])
    assert read(tmp_path) == expected(ROWS)


def test_two_trainings_do_not_mix(logger, tmp_path, run):
    name, read = logger
    log([name], tmp_path / "a", run, ROWS)
    log([name], tmp_path / "b", run, ROWS[:1])
    assert read(tmp_path / "a") == expected(ROWS)
    assert read(tmp_path / "b") == expected(ROWS[:1])


def test_missing_events_are_appended_after_a_kill(tmp_path, run):
    pytest.importorskip("tensorboard")
    log(["tensorboard"], tmp_path, run, ROWS[:2])
    (events,) = (tmp_path / "tensorboard").iterdir()
    events.write_bytes(events.read_bytes()[:-5])
    log(["tensorboard"], tmp_path, run, ROWS)
    assert on_tensorboard(tmp_path) == expected(ROWS)


def test_mlflow_resumes_within_an_interrupted_epoch(tmp_path, run):
    log(["mlflow"], tmp_path, run, ROWS[:1])
    client, known = mlflow_run(tmp_path)
    client.log_metric(known.info.run_id, "accuracy", ROWS[1].accuracy, step=1)
    log(["mlflow"], tmp_path, run, ROWS)
    assert on_mlflow(tmp_path) == expected(ROWS)


@pytest.fixture(scope="module")
def in_mlflow(tmp_path_factory):
    """The folder of a training that MLflow knows; tests do not change it."""
    folder = tmp_path_factory.mktemp("in-mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        log(["mlflow"], folder, tiny_runs.begin(folder, tiny_runs.data()), ROWS)
    return folder


def test_mlflow_knows_the_cell_and_the_settings(in_mlflow):
    _, known = mlflow_run(in_mlflow)
    assert known.info.run_name == tiny_runs.CELL
    assert known.info.status == "FINISHED"
    assert known.data.params["seed"] == "3"
    assert known.data.params["profile"] == "released"


def test_a_run_that_mlflow_does_not_know_is_one_line(in_mlflow, tmp_path, run):
    shutil.copy(in_mlflow / "mlflow.db", tmp_path)
    (tmp_path / "mlflow-run.txt").write_text("0" * 32)
    with pytest.raises(UserError, match=r"MLflow at sqlite:.* failed: Run with id=0+ not found") as caught:
        open_loggers(["mlflow"], tmp_path, run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "package"), [("tensorboard", "tensorboard"), ("mlflow", "mlflow"), ("mlflow", "sqlalchemy")]
)
def test_an_extra_that_is_not_installed_is_named(tmp_path, run, monkeypatch, name, package):
    monkeypatch.setattr("ferspec.extras.find_spec", lambda wanted: None if wanted == package else object())
    with pytest.raises(UserError, match=rf"needs {package}: pip install 'ferspec\[{name}\]'"):
        open_loggers([name], tmp_path, run)


def test_another_logger_is_named(tmp_path, run):
    with pytest.raises(UserError, match="unknown logger 'wandb': known are tensorboard, mlflow"):
        open_loggers(["wandb"], tmp_path, run)


def test_without_loggers_nothing_is_opened(tmp_path, run):
    before = set(tmp_path.iterdir())
    assert open_loggers([], tmp_path, run) == []
    assert set(tmp_path.iterdir()) == before
