"""Hostile logs are refused in one line, quickly, and other files in the folder are still audited."""

import json
import os
import shutil
import sqlite3
import struct
import time

import pytest

import ferspec
from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.subjects.runs.logs import mlflow as mlflow_runs
from ferspec.subjects.runs.logs import series as logged_series
from ferspec.subjects.runs.logs.find import find_training_runs
from ferspec.subjects.runs.logs.phases import MOST_EPOCHS
from helpers.made import runs as made_runs
from helpers.made.logs import write_log
from helpers.processes import run_python
from mutants.runs import whole

SECONDS = 30


def refused(path) -> str:
    """The one line that refuses a path; in a folder it is skipped, and a right log beside it is audited."""
    write_log(path.parent / "right.csv", [whole()])
    begun = time.process_time()
    with pytest.raises(UserError) as refusal:
        find_training_runs(path)
    audit = ferspec.audit(path.parent, select="FER-S-05")
    assert time.process_time() - begun < SECONDS
    assert (audit.verdict, len(audit.runs)) == ("pass", 1)
    assert audit.skipped == (str(refusal.value),)
    assert "\n" not in audit.skipped[0]
    return audit.skipped[0]


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


no_files = pytest.mark.parametrize("make", [pipe, endless], ids=["a pipe", "a link to a device"])


# Paths that are not regular files


@no_files
@pytest.mark.parametrize("name", ["log.csv", "notes.txt", "mlflow.db"])
def test_a_log_that_is_not_a_regular_file_is_not_opened(tmp_path, name, make):
    make(tmp_path / name)
    assert refused(tmp_path / name).endswith(f"{name}: not a regular file")


@no_files
def test_a_metric_that_is_not_a_regular_file_is_not_opened(tmp_path, make):
    (tmp_path / "run" / "metrics").mkdir(parents=True)
    (tmp_path / "run" / "meta.yaml").write_text("status: 3\n")
    make(tmp_path / "run" / "metrics" / "loss")
    assert refused(tmp_path / "run").endswith("loss: not a regular file")


@no_files
def test_event_files_that_are_not_regular_files_are_not_a_log(tmp_path, make):
    make(tmp_path / "events.out.tfevents.1.host")
    with pytest.raises(UserError, match="holds no training run"):
        find_training_runs(tmp_path)


def test_at_most_one_byte_beyond_the_limit_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bounded(tmp_path / "a", 5) == b"12345"
    with pytest.raises(UserError, match="too large for a note: 5 bytes, and at most 4"):
        read_bounded(tmp_path / "a", 4, "a note")
    for path, why in ((tmp_path, "it is a folder"), (tmp_path / "absent", "No such file")):
        with pytest.raises(UserError, match=f"cannot read .*: {why}"):
            read_bounded(path, 5)


def test_a_folder_without_read_permission_is_skipped(tmp_path):
    (tmp_path / "locked").mkdir(mode=0)
    if os.access(tmp_path / "locked", os.R_OK):
        pytest.skip("this user may open everything")
    assert refused(tmp_path / "locked").endswith("locked: permission denied")


# CSV


def log(*lines):
    return "\n".join(["epoch,loss,lr,val_loss", *lines, ""])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (log(*(f"{epoch},1,1e-4,1" for epoch in range(MOST_EPOCHS + 1))), "more than 10,000 epochs: too many"),
        ("x\n" * 3_000_000, "more than 100,000 lines are too many"),
        (log("0,1,1e-4,1").encode("utf-16"), "convert UTF-16 to UTF-8"),
        (log("0,1,1e-4,1").encode("utf-16-le"), "convert UTF-16 to UTF-8"),
    ],
    ids=["many epochs", "many lines", "UTF-16", "UTF-16 without mark"],
)
def test_a_csv_that_cannot_be_audited_has_a_reason(tmp_path, content, why):
    (tmp_path / "log.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    assert why in refused(tmp_path / "log.csv")


def test_notes_are_short_for_any_file_content(tmp_path):
    (tmp_path / "log.csv").write_text(log("0,1,1e-4,1", "1e300,1,1e-4,1", *["x"] * 50_000))
    (run,) = find_training_runs(tmp_path / "log.csv").runs
    assert run.epochs == 1
    (note,) = run.notes
    assert note.startswith("unreadable lines were skipped: line 3, 4, ")
    assert note.endswith(" and 49,981 more")
    assert len(note) < 200


# TensorBoard


def record(content: bytes, length: int | None = None) -> bytes:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    head = struct.pack("<Q", len(content) if length is None else length)
    return b"".join((head, struct.pack("<I", masked_crc32c(head)), content, struct.pack("<I", masked_crc32c(content))))


def loss(step: int, *shape: int, old: bool = False, dtype: int = 1) -> bytes:
    """A loss as Keras logs it, as a tensor, or in the old form that other loggers still write."""
    from tensorboard.compat.proto.event_pb2 import Event

    event = Event(step=step)
    value = event.summary.value.add(tag="epoch_loss")
    if old:
        value.simple_value = 1.0
        return record(event.SerializeToString())
    value.tensor.dtype = dtype
    value.tensor.float_val.append(1.0)
    for size in shape:
        value.tensor.tensor_shape.dim.add(size=size)
    return record(event.SerializeToString())


@pytest.fixture
def events(tmp_path):
    pytest.importorskip("tensorboard")

    def write(*records: bytes):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "events.out.tfevents.1.host").write_bytes(b"".join(records))
        return tmp_path / "run"

    return write


@pytest.mark.parametrize("shape", [(1 << 45,), (1 << 31,), (1 << 40, 1 << 40), (0,), (-1,), (2, 3)], ids=str)
def test_a_tensor_with_a_wrong_size_is_skipped(events, shape):
    folder = events(loss(0), loss(1), loss(2, *shape), loss(3, 1, 1), loss(4, old=True))
    (run,) = find_training_runs(folder).runs
    assert [phase.epochs for phase in run.phases] == [(0, 1), (3, 4)]


@pytest.mark.parametrize("dtype", [0, 7, 20, 21, 120, 999], ids=str)
def test_a_tensor_of_values_other_than_numbers_is_skipped(events, dtype):
    (run,) = find_training_runs(events(loss(0), loss(1), loss(2, dtype=dtype))).runs
    assert run.epochs == 2


def test_tensors_without_any_number_are_refused(events):
    assert "holds no training" in refused(events(loss(0, 1 << 45)))


@pytest.mark.parametrize("length", [1 << 40, (1 << 63) - 1, (1 << 64) - 1], ids=hex)
def test_a_record_longer_than_the_file_ends_the_reading(events, length):
    (run,) = find_training_runs(events(loss(0), loss(1), record(b"abc", length), loss(2))).runs
    assert run.phases[0].epochs == (0, 1)


def test_a_damaged_record_ends_the_file_and_a_large_one_is_passed_over(events):
    large, damaged = record(bytes(2 << 20)), bytearray(loss(2))
    damaged[-6] ^= 1
    (run,) = find_training_runs(events(loss(0), large, loss(1), bytes(damaged), loss(3))).runs
    assert run.phases[0].epochs == (0, 1)


def test_events_are_read_without_tensorflow(events):
    """It ends the process for a record that says it is large, and takes seconds to load."""
    folder = events(loss(0), loss(1))
    script = f"import ferspec, sys; ferspec.audit({str(folder)!r}); assert 'tensorflow' not in sys.modules"
    run_python(script, check=True)


@pytest.mark.parametrize("step", [10**18, -1, -(10**18)])
def test_a_step_that_is_not_an_epoch_number_is_skipped_and_noted(events, step):
    (run,) = find_training_runs(events(loss(0), loss(1), loss(step))).runs
    assert [phase.epochs for phase in run.phases] == [(0, 1)]
    assert run.notes == ("loss: 1 values at steps outside 0 to 1,000,000,000 were skipped",)


def test_more_figures_than_any_training_logs_are_refused(events, monkeypatch):
    monkeypatch.setattr(logged_series, "MOST_VALUES", 20)
    assert "logs more than 20 values: too many" in refused(events(*map(loss, range(21))))


def test_the_figures_of_all_folders_of_a_training_are_counted_together(events, monkeypatch):
    folder = events(*map(loss, range(15)))
    shutil.copytree(folder, folder / "validation")
    assert len(find_training_runs(folder).runs[0].phases[0]) == 15
    monkeypatch.setattr(logged_series, "MOST_VALUES", 20)
    assert "logs more than 20 values: too many" in refused(folder)


# MLflow's databases


RUNS = "CREATE TABLE runs (run_uuid TEXT, status TEXT)"
COLUMNS = "run_uuid TEXT, key TEXT, step {step}, value REAL, is_nan INT, timestamp INT"
METRICS = f"CREATE TABLE metrics ({COLUMNS.format(step='INT')})"
COMPUTED = f"CREATE TABLE metrics ({COLUMNS.format(step='INT AS (length(run_uuid))')})"
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
VIEW = (
    f"CREATE VIEW metrics AS {ENDLESS} SELECT 'a' run_uuid, 'loss' key, x step, 1.0 value, 0 is_nan, x timestamp FROM c"
)
RUNS_VIEW = f"CREATE VIEW runs AS {ENDLESS} SELECT x run_uuid, 'FINISHED' status FROM c"


def insert(step: str = "0", run: str = "'a'", name: str = "'loss'") -> str:
    return f"INSERT INTO metrics VALUES ({run}, {name}, {step}, 1.0, 0, 0)"


def database(path, *commands, mode="delete"):
    with sqlite3.connect(path) as made:
        made.execute(f"PRAGMA journal_mode = {mode}")
        for command in commands:
            made.execute(command)
    return made


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ([RUNS, VIEW], "it has no table metrics"),
        ([RUNS_VIEW, METRICS, insert()], "it has no table runs"),
        ([RUNS, "CREATE VIRTUAL TABLE metrics USING fts5(run_uuid, key)"], "it has no table metrics"),
        ([RUNS, COMPUTED, "INSERT INTO metrics VALUES ('a', 'loss', 1.0, 0, 0)"], "computed columns"),
        ([RUNS, METRICS, insert("9e999")], "cannot convert float infinity to integer"),
        ([RUNS, METRICS, insert("-9e999")], "cannot convert float infinity to integer"),
        ([RUNS, METRICS, insert(run="hex(zeroblob(1000000))")], "too big"),
        ([RUNS, METRICS, insert(step="NULL")], "is not an MLflow database"),
    ],
    ids=[
        "an endless view of metrics",
        "an endless view of runs",
        "a virtual table",
        "a computed column",
        "an infinite step",
        "a step below all",
        "a large value",
        "no step",
    ],
)
def test_a_hostile_database_is_refused(tmp_path, commands, why):
    database(tmp_path / "mlflow.db", *commands).close()
    line = refused(tmp_path / "mlflow.db")
    assert "is not an MLflow database" in line
    assert why in line


@pytest.mark.parametrize("step", [10**12, -5])
def test_a_step_of_a_database_that_is_not_an_epoch_number_is_skipped(tmp_path, step):
    database(tmp_path / "mlflow.db", RUNS, METRICS, insert(), insert(f"{step}")).close()
    (run,) = find_training_runs(tmp_path / "mlflow.db").runs
    assert [phase.epochs for phase in run.phases] == [(0,)]


def many(count: int, run: str, step: str) -> str:
    return f"INSERT INTO metrics {ENDLESS[:-1]} LIMIT {count}) SELECT {run}, 'loss', {step}, 1.0, 0, 0 FROM c"


@pytest.mark.parametrize(
    ("bound", "value", "why"),
    [
        ("series.MOST_VALUES", 999, "logs more than 999 values: too many"),
        ("mlflow.MOST_RUNS", 999, "holds 1,000 trainings: the limit is 999"),
        ("mlflow.MOST_STEPS", 0, "is not an MLflow database: it takes too long to read"),
    ],
)
def test_a_database_with_too_much_in_it_is_refused(tmp_path, monkeypatch, bound, value, why):
    monkeypatch.setattr(f"ferspec.subjects.runs.logs.{bound}", value)
    monkeypatch.setattr(mlflow_runs, "STEPS", 1000)
    database(tmp_path / "mlflow.db", RUNS, METRICS, many(1000, "'run' || x", "0")).close()
    assert why in refused(tmp_path / "mlflow.db")


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("writing", [False, True], ids=["closed", "with a log of its latest rows"])
def test_a_database_in_wal_mode_is_read_whole_and_nothing_is_left_beside_it(tmp_path, writing):
    made = database(tmp_path / "mlflow.db", RUNS, METRICS, insert(), insert("1"), mode="wal")
    if not writing:
        made.close()
    before = contents(tmp_path)
    assert len(before) == (3 if writing else 1)
    (run,) = find_training_runs(tmp_path / "mlflow.db").runs
    assert run.phases[0].epochs == (0, 1)
    assert contents(tmp_path) == before
    made.close()


def test_a_database_log_that_is_not_a_regular_file_is_not_read(tmp_path):
    database(tmp_path / "mlflow.db", RUNS, METRICS, insert()).close()
    pipe(tmp_path / "mlflow.db-wal")
    assert "mlflow.db-wal: not a regular file" in refused(tmp_path / "mlflow.db")


def test_an_unfinished_database_is_not_changed(tmp_path):
    database(tmp_path / "mlflow.db", RUNS, METRICS, insert()).close()
    (tmp_path / "mlflow.db-journal").write_bytes(bytes(512))
    assert "a write is in progress or was interrupted" in refused(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db-journal").read_bytes() == bytes(512)


# Run folders


@pytest.fixture
def folder(tmp_path):
    return made_runs.made().write(tmp_path / "run")


def edited(folder, change):
    run = json.loads((folder / "run.json").read_text())
    change(run)
    (folder / "run.json").write_text(json.dumps(run))
    return ferspec.audit(folder)


@pytest.mark.parametrize(
    ("cap", "status"),
    [(None, "fail"), (23, "fail"), (24, "not_evaluated")],
    ids=["none is set", "another is set", "it is set"],
)
def test_a_cap_counts_as_the_end_of_a_run_only_if_it_was_set(folder, cap, status):
    """The run has 32 epochs, of which the last eight are cut off."""
    lines = (folder / "history.csv").read_text().splitlines(keepends=True)
    (folder / "history.csv").write_text("".join(lines[:-8]))

    def poses(run):
        run["settings"]["epochs_cap"] = cap
        run["phases"][-1] |= {"epochs": 24, "ended": "epochs cap"}

    found = {outcome.clause: outcome.status for outcome in edited(folder, poses).outcomes}
    assert found["FER-S-05"] == status


@pytest.mark.parametrize(("shift", "status"), [(0, "pass"), (-0.05, "fail")])
def test_an_epoch_beyond_the_run_does_not_count_as_a_lost_line(folder, shift, status):
    def poses(run):
        run["best"] |= {"epoch": 10**6, "val_accuracy": run["best"]["val_accuracy"] + shift}

    audit = edited(folder, poses)
    found = {outcome.clause: outcome for outcome in audit.outcomes}
    assert found["FER-S-06"].status == status
    note = "run.json says that epoch 1000000 was kept, but the epochs of the run are 0 to 31"
    assert audit.runs[0].notes[0] == note


def test_an_epoch_before_the_first_is_refused(folder):
    with pytest.raises(UserError, match=r"best\.epoch"):
        edited(folder, lambda run: run["best"].update(epoch=-1))


# JSON


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[" * 100_000, "it is not JSON"),
        ('{"a": ' * 31 + json.dumps({f"loss {number}": 1 for number in range(20_000)}) + "}" * 31, "missing: a loss"),
        (json.dumps([{"loss": 1.0}] * (MOST_EPOCHS + 1)), "more than 10,000 epochs: too many"),
        (json.dumps({"loss": [1.0] * (MOST_EPOCHS + 1)}), "more than 10,000 epochs: too many"),
        ('{"loss": [1' + "0" * 5000 + "]}", "an integer of 5,001 digits"),
    ],
    ids=["deep", "wide at every depth", "many records", "a long list", "a long integer"],
)
def test_json_that_cannot_be_audited_has_a_reason(tmp_path, content, why):
    (tmp_path / "history.json").write_text(content)
    assert why in refused(tmp_path / "history.json")
