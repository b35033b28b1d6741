"""The audit gives the same result for every log format: run folder, CSV, TensorBoard, MLflow."""

import sqlite3
from types import SimpleNamespace

import pytest

import ferspec
from ferspec.errors import UserError
from ferspec.grid.training.loggers import open_loggers
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.runs.logs import event_files
from ferspec.subjects.runs.logs.find import find_training_runs
from ferspec.subjects.runs.logs.phases import LoggedPhase
from helpers.made import runs as made_runs
from helpers.made.logs import log_text, trained, write_log
from helpers.tiny import runs as tiny_runs
from mutants.runs import cut, head, whole


@pytest.fixture(scope="module")
def phases() -> tuple[LoggedPhase, ...]:
    return head(8), whole()


def epochs_of(phases):
    """Step and figures of every epoch, by the names that Keras gives them."""
    for phase in phases:
        for place, epoch in enumerate(phase.epochs):
            yield (
                epoch,
                {
                    "loss": phase.loss[place],
                    "accuracy": phase.accuracy[place],
                    "val_loss": phase.val_loss[place],
                    "val_accuracy": phase.val_accuracy[place],
                    "learning_rate": phase.rate[place],
                },
            )


def same(found: LoggedPhase, phase: LoggedPhase) -> bool:
    """Whether the metrics are the same within float32."""
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "rate")
    return found.epochs == phase.epochs and all(
        getattr(found, name) == pytest.approx(getattr(phase, name), rel=1e-6) for name in names
    )


def only(path):
    (run,) = find_training_runs(path).runs
    return run


# TensorBoard


def on_keras_tensorboard(folder, phases):
    """Log phases with Keras' own callback, one callback a phase, which takes the rate from the optimiser."""
    pytest.importorskip("tensorboard")
    import keras

    for phase in phases:
        optimizer = keras.optimizers.SGD(phase.rate[0])
        board = keras.callbacks.TensorBoard(str(folder), write_graph=False)
        board._model = SimpleNamespace(optimizer=optimizer, stop_training=False)
        board._train_step, board._val_step = None, None
        board._log_write_dir = str(folder)
        board._train_dir, board._val_dir = str(folder / "train"), str(folder / "validation")
        board._writers, board._should_write_train_graph = {}, False
        for epoch, figures in epochs_of([phase]):
            optimizer.learning_rate = figures.pop("learning_rate")
            board._log_epoch_metrics(epoch, figures)
        for writer in board._writers.values():
            writer.close()


def test_event_files_begun_in_one_second_are_read_in_their_order(tmp_path):
    phases = (head(8), trained())
    for number, phase in zip((9, 10), phases, strict=True):
        on_keras_tensorboard(tmp_path / str(number), [phase])
        for part in ("train", "validation"):
            (file,) = (tmp_path / str(number) / part).iterdir()
            (tmp_path / "run" / part).mkdir(parents=True, exist_ok=True)
            file.rename(tmp_path / "run" / part / f"events.out.tfevents.1700000000.host.1.{number}.v2")
    run = only(tmp_path / "run")
    assert len(run.phases) == 2
    assert all(map(same, run.phases, phases))


@pytest.mark.parametrize("rates_of_next", [True, False], ids=["after the plateau rule", "before it"])
def test_the_log_of_keras_own_callback_is_audited_at_any_place_among_the_callbacks(tmp_path, rates_of_next):
    """Behind ReduceLROnPlateau, it logs an epoch with the rate of the next one."""
    phase = trained(rates_of_next=rates_of_next)
    on_keras_tensorboard(tmp_path, (head(8), phase))
    run = only(tmp_path)
    assert (run.format, [len(phase) for phase in run.phases]) == ("TensorBoard", [8, 67])
    assert same(run.phases[1], phase)
    assert run.phases[1].rate[24] == pytest.approx(5e-5 if rates_of_next else 1e-4)
    audit = ferspec.audit(tmp_path, weights="imagenet")
    assert (audit.verdict, audit.replayed) == ("pass", 2)


@pytest.mark.parametrize("rates_of_next", [True, False], ids=["after the plateau rule", "before it"])
def test_a_wrong_patience_is_seen_on_tensorboard_too(tmp_path, rates_of_next):
    on_keras_tensorboard(tmp_path, (trained(plateau={"patience": 9}, rates_of_next=rates_of_next),))
    assert ferspec.audit(tmp_path).runs[0].first_failure.startswith("FER-S-03: phase 1, epoch")


def test_rates_of_the_next_epoch_are_a_departure_in_a_csv_log(tmp_path):
    """There, Keras logs the rate of the epoch itself."""
    audit = ferspec.audit(write_log(tmp_path / "log.csv", [trained(rates_of_next=True)]))
    assert audit.runs[0].first_failure == "FER-S-03: phase 1, epoch 24"


@pytest.fixture
def logged_by_the_suite(tmp_path, monkeypatch, phases):
    """The folder in which the suite's own loggers logged phases."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def log(name):
        run = tiny_runs.begin(tmp_path, tiny_runs.data())
        (logger,) = open_loggers([name], tmp_path, run)
        numbers = [number for number, phase in enumerate(phases, 1) for _ in phase.epochs]
        for epoch, (number, (_, figures)) in enumerate(zip(numbers, epochs_of(phases), strict=True)):
            logger.log(EpochRow(epoch=epoch, phase=number, **figures))
        logger.close()
        return tmp_path

    return log


def test_logs_of_the_suite_on_tensorboard_are_read(logged_by_the_suite, phases):
    pytest.importorskip("tensorboard")
    run = only(logged_by_the_suite("tensorboard") / "tensorboard")
    assert [len(phase) for phase in run.phases] == [8, 67]
    assert run.phases[1].epochs == tuple(range(8, 75))
    assert run.phases[1].rate == pytest.approx(phases[1].rate)
    assert ferspec.audit(run.path).verdict == "pass"


def test_logs_of_the_suite_on_mlflow_are_read(logged_by_the_suite, phases):
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("mlflow")
    run = only(logged_by_the_suite("mlflow") / "mlflow.db")
    assert (run.format, run.finished, [len(phase) for phase in run.phases]) == ("MLflow", True, [8, 67])
    assert run.phases[1].val_loss == phases[1].val_loss
    assert ferspec.audit(run.path).verdict == "pass"


@pytest.mark.parametrize("above", [False, True], ids=["the folder itself", "the folder above it"])
def test_a_csv_log_beside_event_files_is_audited_too(tmp_path, phases, above):
    on_keras_tensorboard(tmp_path / "run", phases[:1])
    write_log(tmp_path / "run" / "training.csv", phases)
    (tmp_path / "run" / "notes.txt").write_text("what I did")
    found = find_training_runs(tmp_path if above else tmp_path / "run")
    assert [(run.format, len(run.phases)) for run in found.runs] == [("TensorBoard", 1), ("CSVLogger", 2)]
    assert len(found.skipped) == 1


def test_event_files_that_are_cut_off_are_read_up_to_the_cut(logged_by_the_suite):
    pytest.importorskip("tensorboard")
    folder = logged_by_the_suite("tensorboard") / "tensorboard"
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-4000])
    assert 8 < only(folder).epochs < 75


@pytest.mark.parametrize("content", [b"", b"not events at all", b"\x18" + bytes(4000)])
def test_event_files_without_losses_are_refused_in_one_line(tmp_path, content):
    pytest.importorskip("tensorboard")
    (tmp_path / "events.out.tfevents.1.host").write_bytes(content)
    with pytest.raises(UserError, match=r"holds no training|cannot read") as refusal:
        event_files.read_events(tmp_path)
    assert "\n" not in str(refusal.value)


def test_without_tensorboard_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("ferspec.extras.find_spec", lambda name: None)
    (tmp_path / "events.out.tfevents.1.host").write_bytes(b"")
    with pytest.raises(UserError, match=r"pip install 'ferspec\[tensorboard\]'"):
        find_training_runs(tmp_path)


# MLflow


def on_mlflow_files(folder, phases, status=3):
    """Write a run as MLflow's file store does: a file a metric, with time, value and step in every line."""
    (folder / "metrics").mkdir(parents=True)
    (folder / "meta.yaml").write_text(f"artifact_uri: x\nrun_id: {folder.name}\nstatus: {status}\n")
    lines = {}
    for time, (epoch, figures) in enumerate(epochs_of(phases)):
        for name, value in figures.items():
            lines.setdefault(name, []).append(f"{1700000000000 + time} {value!r} {epoch}")
    lines["epoch_time"] = ["1700000000000 12.5 0"]
    for name, values in lines.items():
        (folder / "metrics" / name).write_text("\n".join(values) + "\n")
    return folder


@pytest.mark.parametrize(
    ("status", "finished"), [(3, True), (1, None), (5, None)], ids=["finished", "running", "killed"]
)
def test_a_run_of_mlflows_file_store_is_read_without_mlflow(tmp_path, phases, status, finished):
    run = only(on_mlflow_files(tmp_path / "mlruns" / "0" / "abc", phases, status))
    assert (run.finished, run.name) == (finished, "")
    assert [same(found, phase) for found, phase in zip(run.phases, phases, strict=True)] == [True, True]


def test_all_runs_of_a_root_of_mlflows_are_found(tmp_path, phases):
    for name in ("abc", "def"):
        on_mlflow_files(tmp_path / "mlruns" / "0" / name, phases)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("name: Default\n")
    found = find_training_runs(tmp_path / "mlruns")
    assert [run.path.name for run in found.runs] == ["abc", "def"]


def test_a_metric_that_was_logged_in_one_of_two_phases_is_left_out_and_noted(tmp_path, phases):
    folder = on_mlflow_files(tmp_path / "abc", phases)
    rates = (folder / "metrics" / "learning_rate").read_text().splitlines()
    (folder / "metrics" / "learning_rate").write_text("\n".join(rates[8:]) + "\n")
    run = only(folder)
    assert [phase.rate for phase in run.phases] == [None, None]
    assert run.notes == ("rate begins 1 times and the losses 2 times: skipped",)


@pytest.mark.parametrize("line", ["1700000000000 much 3", "0.5", "1 2 3 4 x", "1700000000000 0.5 first"])
def test_a_line_that_is_not_a_metric_is_refused_with_its_number(tmp_path, phases, line):
    folder = on_mlflow_files(tmp_path / "abc", phases)
    (folder / "metrics" / "loss").write_text(f"1700000000000 0.5 0\n{line}\n")
    if line == "1 2 3 4 x":
        assert only(folder)
    else:
        with pytest.raises(UserError, match="loss line 2 is not an MLflow metric"):
            find_training_runs(folder)


def test_runs_of_one_database_are_called_by_their_numbers(tmp_path, phases):
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("CREATE TABLE runs (run_uuid TEXT, status TEXT)")
        database.execute(
            "CREATE TABLE metrics (run_uuid TEXT, key TEXT, step INT, value REAL, is_nan INT, timestamp INT)"
        )
        for number in ("abc", "def"):
            database.execute("INSERT INTO runs VALUES (?, 'FINISHED')", (number,))
            for time, (epoch, figures) in enumerate(epochs_of(phases)):
                rows = [(number, name, epoch, value, 0, time) for name, value in figures.items()]
                database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.close()
    runs = find_training_runs(tmp_path / "mlflow.db").runs
    assert [(run.name, len(run.phases)) for run in runs] == [("abc", 2), ("def", 2)]


@pytest.mark.parametrize("metric", ["val_accuracy", "learning_rate", "val_loss", "loss"])
def test_a_metric_missing_in_one_step_does_not_begin_a_phase(tmp_path, phases, metric):
    folder = on_mlflow_files(tmp_path / "abc", phases)
    lines = (folder / "metrics" / metric).read_text().splitlines()
    (folder / "metrics" / metric).write_text("\n".join(lines[:30] + lines[31:]) + "\n")
    run = only(folder)
    assert [len(phase) for phase in run.phases] == [8, 67]
    assert (run.phases[1].val_loss is None) == (metric == "val_loss")
    assert ("validation losses of some epochs are missing: all were skipped" in run.notes) == (metric == "val_loss")
    assert "fail" not in {outcome.status for outcome in ferspec.audit(folder, select="FER-S-0").outcomes}


def test_losses_of_batches_are_not_taken_for_epochs(tmp_path, phases):
    folder = on_mlflow_files(tmp_path / "abc", phases[1:])
    batches = [f"1700000000000 {2 - step / 1000} {step}" for step in range(700)]
    (folder / "metrics" / "loss").write_text("\n".join(batches) + "\n")
    run = only(folder)
    assert [phase.epochs for phase in run.phases] == [tuple(range(67))]
    assert ferspec.audit(folder).runs[0].replays[0].mismatch is None


def test_validations_in_every_other_step_leave_all_epochs(tmp_path):
    phase = trained(every=2)
    folder = on_mlflow_files(tmp_path / "abc", [phase])
    for metric in ("val_loss", "val_accuracy"):
        lines = (folder / "metrics" / metric).read_text().splitlines()
        (folder / "metrics" / metric).write_text("\n".join(lines[1::2]) + "\n")
    (found,) = only(folder).phases
    assert (found.epochs, found.unvalidated) == (phase.epochs, phase.unvalidated)
    assert ferspec.audit(folder, select="FER-S-03").verdict == "pass"


def test_a_database_that_is_not_mlflows_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE metrics (name TEXT)")
    database.close()
    with pytest.raises(UserError, match="is not an MLflow database"):
        find_training_runs(tmp_path / "other.db")


# Run folders and folders to search


@pytest.mark.parametrize("cell", [made_runs.CELL, "vgg16-imagenet-48-rafdb-simple"])
def test_a_run_folder_of_the_suite_passes_with_all_that_its_record_says(tmp_path, cell):
    folder = made_runs.made(cell).write(tmp_path / "run")
    audit = ferspec.audit(folder)
    (audited,) = audit.runs
    assert audited.run.weights == cell.split("-")[1]
    assert audit.verdict == "pass"
    judged = {outcome.clause: outcome.status for outcome in audit.outcomes}
    assert judged["FER-S-05"] == judged["FER-S-06"] == judged["FER-S-07"] == "pass"
    assert judged["FER-S-08"] == ("pass" if "imagenet" in cell else "not_evaluated")
    assert any("4,544 images" in note or "too few epochs" in note for note in audited.notes)


@pytest.mark.parametrize("lost", ["the first", "the best", "the last", "the last, cut off"])
def test_a_line_lost_in_a_run_folder_fails_nothing(tmp_path, lost):
    made = made_runs.made("vgg16-imagenet-48-rafdb-simple")
    folder = made.write(tmp_path / "run")
    lines = (folder / "history.csv").read_text().splitlines(keepends=True)
    best = max(made.history, key=lambda row: row.val_accuracy).epoch
    if lost == "the last, cut off":
        lines[-1] = lines[-1][:-9]
    else:
        del lines[{"the first": 1, "the best": best + 1, "the last": -1}[lost]]
    (folder / "history.csv").write_text("".join(lines))
    found = {outcome.clause: outcome.status for outcome in ferspec.audit(folder).outcomes}
    assert "fail" not in found.values()
    assert found["FER-S-06"] == ("not_evaluated" if lost == "the best" else "pass")
    assert found["FER-S-05"] == ("pass" if lost == "the first" else "not_evaluated")


def test_a_run_that_is_not_finished_says_so(tmp_path):
    folder = made_runs.made().write(tmp_path / "run")
    (folder / "history.csv").unlink()
    with pytest.raises(UserError, match=r"history\.csv is missing: the training is not finished"):
        find_training_runs(folder)


def test_a_folder_is_searched_and_other_files_are_skipped(tmp_path, phases):
    write_log(tmp_path / "a.csv", phases)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    write_log(tmp_path / "deep" / "er" / "b.log", phases)
    on_mlflow_files(tmp_path / "mlruns" / "0" / "abc", phases)
    (tmp_path / "labels.csv").write_text("path,label\na.png,1\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.csv").write_text(log_text(phases))
    found = find_training_runs(tmp_path)
    assert sorted(run.path.name for run in found.runs) == ["a.csv", "abc", "b.log"]
    assert len(found.skipped) == 1
    assert "labels.csv is not a training log" in found.skipped[0]


def test_a_folder_that_contains_itself_is_searched_once(tmp_path, phases):
    write_log(tmp_path / "a.csv", phases)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(find_training_runs(tmp_path).runs) == 1


def test_an_empty_folder_and_a_missing_path_are_refused(tmp_path):
    with pytest.raises(UserError, match="holds no training run"):
        find_training_runs(tmp_path)
    with pytest.raises(UserError, match="no such file or folder"):
        find_training_runs(tmp_path / "absent")


def test_a_growing_log_loses_only_its_last_line(tmp_path):
    text = log_text([cut(whole(), 0, 40)])
    (tmp_path / "log.csv").write_text(text[:-9])
    audit = ferspec.audit(tmp_path / "log.csv")
    assert audit.verdict == "pass"
    assert audit.runs[0].run.epochs == 39
    assert any("has no line end" in note for note in audit.runs[0].notes)
