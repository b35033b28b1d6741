"""Running many cells on one machine: separate processes, and no repeated work."""

import io
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ferspec.commands.grid import app
from ferspec.commands.live.running import headline, print_summary, table, watching
from ferspec.errors import UserError
from ferspec.grid.running.attempt import attempt
from ferspec.grid.running.board import Board
from ferspec.grid.running.jobs import Event, Limits, jobs_of
from ferspec.grid.running.local import BUSY
from ferspec.grid.running.results import LOCKS, open_results
from ferspec.grid.running.run import run_jobs
from ferspec.grid.running.scratch import Changes
from ferspec.subjects.runs.artifacts.record import FINISHED_FILES, MODEL, RUN, STATE, read_run
from helpers.places import TESTS
from helpers.signals import hear_signals
from helpers.tiny import cells as tiny_cells
from helpers.waiting import alive, wait_until

# how often each is tried where it may be tried twice, and what is said of it
FAILURES = {
    tiny_cells.DIES: (2, "its process ended with exit status 3"),
    tiny_cells.HANGS: (1, "not finished after 2 s (--cell-timeout): finished epochs are kept"),
    tiny_cells.REFUSES: (1, "the moon is full: wait a day"),
    tiny_cells.SAYS_MUCH: (2, "RuntimeError: the last straw"),
}


def run(out, trace, seeds, **limits):
    """Run tiny trainings and return how each ended, by its seed."""
    jobs = jobs_of([tiny_cells.options(trace).cell], seeds, tiny_cells.options(trace))
    results, board = open_results(str(out)), Board(str(out), jobs)
    run_jobs(jobs, results, Limits(trainer=tiny_cells.TRAINER, **limits), board.update)
    return {cell.seed: cell for cell in board.summary().cells}


def epochs_of(trace, seed):
    return [epoch for noted, epoch, *_ in tiny_cells.noted(trace) if noted == seed]


def folder(out, seed):
    return Path(out, f"{tiny_cells.CELL}-seed{seed}")


def why(out, seed):
    return Path(out, f"{tiny_cells.CELL}-seed{seed}.failed.txt")


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """Where four cells failed, each in its way, beside one that did not, and how each ended."""
    out, trace = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("trace")
    hung = run(out, trace, [tiny_cells.HANGS], retries=1, seconds=2)
    return out, hung | run(out, trace, [seed for seed in (*FAILURES, 0) if seed not in hung], retries=1)


def test_a_failed_training_does_not_stop_the_others(failing):
    out, cells = failing
    assert {seed: cells[seed].state for seed in cells} == {**dict.fromkeys(FAILURES, "failed"), 0: "finished"}
    assert read_run(folder(out, 0)).status == "finished"
    assert not why(out, 0).exists()


@pytest.mark.parametrize("seed", FAILURES)
def test_a_failure_has_a_reason_and_is_retried_if_that_may_help(failing, seed):
    out, cells = failing
    assert (cells[seed].attempts, cells[seed].message) == FAILURES[seed]
    assert why(out, seed).read_text().splitlines()[0] == cells[seed].message


def test_a_failure_leaves_its_last_lines(failing):
    text = why(failing[0], tiny_cells.SAYS_MUCH).read_text()
    assert "line 99" in text
    assert "line 40\n" not in text
    assert text.rstrip().endswith("RuntimeError: the last straw")


def test_a_killed_process_resumes_after_its_last_epoch(tmp_path):
    cells = run(tmp_path / "out", tmp_path, [tiny_cells.KILLED_ONCE])
    assert cells[tiny_cells.KILLED_ONCE].state == "finished"
    assert cells[tiny_cells.KILLED_ONCE].attempts == 2
    assert epochs_of(tmp_path, tiny_cells.KILLED_ONCE) == [0, 1, 2, 3]


def test_an_attempt_says_where_it_resumes(tmp_path):
    request = tiny_cells.options(tmp_path, seed=tiny_cells.KILLED_ONCE).model_copy(update={"out": tmp_path / "out"})
    for resumed_at in (None, 2):
        events = list(attempt(request, Limits(trainer=tiny_cells.TRAINER)))
        assert [event.epochs for event in events if event.resumes] == ([] if resumed_at is None else [resumed_at])
    assert events[1].message == "resuming at epoch 2"


def test_only_missing_runs_are_trained(tmp_path):
    run(tmp_path / "out", tmp_path, [0])
    cells = run(tmp_path / "out", tmp_path, [0, 1])
    assert (cells[0].message, cells[0].epochs, cells[0].attempts) == ("already finished", tiny_cells.EPOCHS, 0)
    assert epochs_of(tmp_path, 0) == epochs_of(tmp_path, 1) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", FINISHED_FILES)
def test_a_run_whose_files_do_not_match_is_not_finished(tmp_path, name, finished_run):
    out = finished_run(tmp_path)
    (folder(out, 0) / name).write_text("something else")
    cells = run(out, tmp_path, [0])
    assert cells[0].state == "failed"
    assert f"{name} is not the file that {RUN} names" in cells[0].message


def test_a_damaged_record_says_what_to_do(tmp_path):
    folder(tmp_path / "out", 0).mkdir(parents=True)
    (folder(tmp_path / "out", 0) / RUN).write_text("{")
    outcome = run(tmp_path / "out", tmp_path, [0])[0]
    assert outcome.state == "failed"
    assert "is not the record of a run" in outcome.message
    assert outcome.message.endswith(": remove its folder to train it again")


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """A function that copies a finished run into a folder."""
    import shutil

    made = tmp_path_factory.mktemp("made")
    run(made / "out", made, [0])
    return lambda where: Path(shutil.copytree(made / "out", where / "out"))


def test_another_training_in_a_folder_is_refused_before_anything_starts(tmp_path, finished_run):
    out = finished_run(tmp_path)
    options = tiny_cells.options(tmp_path, epochs_cap=3)
    jobs = jobs_of([options.cell], [1, 0], options)
    with pytest.raises(UserError, match="was trained with epochs cap None, not 3: choose another --out"):
        run_jobs(jobs, open_results(str(out)), Limits(trainer=tiny_cells.TRAINER), lambda job, event: None)
    assert tiny_cells.noted(tmp_path) == []


def test_two_commands_share_a_folder_without_training_anything_twice(tmp_path):
    with ThreadPoolExecutor() as commands:
        found = list(commands.map(partial(run, tmp_path / "out", tmp_path), ([0, 1], [1, 0])))
    assert [{cell.state for cell in cells.values()} for cells in found] == [{"finished"}] * 2
    assert epochs_of(tmp_path, 0) == epochs_of(tmp_path, 1) == [0, 1, 2, 3]


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_command_takes_its_training_along_and_loses_no_epoch(tmp_path, sign):
    words = (sys.executable, "-m", "helpers.grid_driver", "local", "tiny_cells", tmp_path / "out", tmp_path, "0")
    quietly = {"stderr": subprocess.DEVNULL, "cwd": TESTS, "start_new_session": True, "preexec_fn": hear_signals}
    tiny_cells.held(tmp_path, 0, 1).touch()
    process = subprocess.Popen([*map(str, words)], **quietly)
    wait_until(lambda: len(tiny_cells.noted(tmp_path)) >= 2)
    process.send_signal(sign)
    assert process.wait(120) != 0
    training = tiny_cells.noted(tmp_path)[0][2]
    wait_until(lambda: not alive(training))
    tiny_cells.held(tmp_path, 0, 1).unlink()
    assert run(tmp_path / "out", tmp_path, [0])[0].state == "finished"
    assert sorted(set(epochs_of(tmp_path, 0))) == [0, 1, 2, 3]
    assert epochs_of(tmp_path, 0).count(0) == 1


def test_closing_an_attempt_ends_its_process(tmp_path):
    request = tiny_cells.options(tmp_path / "nowhere", seed=tiny_cells.HANGS)
    began = time.monotonic()
    events = attempt(request, Limits(trainer=tiny_cells.TRAINER))
    assert next(events) == Event(state="running")
    events.close()
    assert time.monotonic() - began < 120


def test_results_at_a_url_are_those_in_a_folder(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    url = f"memory://{tmp_path.name}"
    assert run(url, tmp_path, [tiny_cells.KILLED_ONCE])[tiny_cells.KILLED_ONCE].state == "finished"
    assert run(url, tmp_path, [tiny_cells.KILLED_ONCE])[tiny_cells.KILLED_ONCE].message == "already finished"
    assert epochs_of(tmp_path, tiny_cells.KILLED_ONCE) == [0, 1, 2, 3]
    files = fsspec.filesystem("memory")
    found = {Path(path).name: files.cat(path) for path in files.find(f"/{tmp_path.name}")}
    assert sorted(found) == sorted([RUN, *FINISHED_FILES])
    run(tmp_path / "folder", tmp_path, [tiny_cells.KILLED_ONCE])
    assert found[MODEL] == (folder(tmp_path / "folder", tiny_cells.KILLED_ONCE) / MODEL).read_bytes()


@pytest.mark.parametrize("where", ["a folder", "a url"])
def test_leftovers_of_a_killed_command_are_removed_by_the_next(tmp_path, where):
    out = tmp_path / "out" if where == "a folder" else f"memory://{tmp_path.name}"
    run(out, tmp_path, [0])
    results, job = (
        open_results(str(out)),
        jobs_of([tiny_cells.options(tmp_path).cell], [0], tiny_cells.options(tmp_path))[0],
    )
    as_finished = results.files(job)
    results.take(job, Changes({f"{STATE}/last.npz": b"left", f"{STATE}/best-4.npz": b"left"}))
    assert len(results.files(job)) == len(as_finished) + 2
    assert run(out, tmp_path, [0])[0].message == "already finished"
    assert results.files(job) == as_finished


def test_files_that_another_command_is_removing_are_skipped(tmp_path):
    run(tmp_path / "out", tmp_path, [0])
    results, job = (
        open_results(str(tmp_path / "out")),
        jobs_of([tiny_cells.options(tmp_path).cell], [0], tiny_cells.options(tmp_path))[0],
    )
    results.take(job, Changes({f"{STATE}/last.npz": b"left"}))
    with results.claimed(job, wait=False):
        run(tmp_path / "out", tmp_path, [0])
        assert f"{STATE}/last.npz" in results.files(job)


def test_a_file_url_is_that_folder(tmp_path):
    run(f"file://{tmp_path}/out", tmp_path, [0])
    assert read_run(folder(tmp_path / "out", 0)).status == "finished"


def ferspec_grid(*arguments):
    return CliRunner().invoke(app, ["run", *map(str, arguments)], catch_exceptions=False)


class TestTheCommand:
    REAL = ("--subset", 70, "--epochs-cap", 1, "--gpus-per-cell", 0)

    def test_the_command_trains_available_cells_and_names_the_others(self, tmp_path):
        (tmp_path / "data").mkdir()
        select = ("-s", tiny_cells.CELL, "-s", "lenet5-scratch-48-rafdb-simple")
        words = (*select, *self.REAL, "--data-root", tmp_path / "data", "--out", tmp_path / "out", "--json")
        ran = ferspec_grid(*words)
        document = json.loads(ran.stdout)
        assert ran.exit_code == 3
        assert {name: count for name, count in document["counts"].items() if count} == {
            "finished": 1,
            "not evaluated": 1,
        }
        by_cell = {cell["cell"]: cell for cell in document["cells"]}
        assert by_cell["lenet5-scratch-48-rafdb-simple"]["message"].endswith("data has no RAF-DB")
        assert read_run(folder(tmp_path / "out", 0)).status == "finished"
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [LOCKS, f"{tiny_cells.CELL}-seed0"]
        assert "1 finished" in ferspec_grid(*words[:-1]).stdout

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("-s", "lenet5-scratch-48-rafdb-simple"), "give the folder that contains its folder with --data-root"),
            (("-s", "lenet5-scratch-48-rafdb-simple", "--data-root", "none/there"), "data root .*none/there"),
            (("-s", "resolution=96"), "unknown resolution '96'"),
            (("-s", tiny_cells.CELL, "--address", "auto"), "are for --on ray"),
            (("-s", tiny_cells.CELL, "--gpus-per-cell", "0.5"), "only --on ray shares a GPU"),
        ],
    )
    def test_answers_a_mistake_in_one_line(self, tmp_path, words, message):
        with pytest.raises(UserError, match=message):
            ferspec_grid(*words, "--out", tmp_path / "out")

    def test_refuses_an_out_that_is_a_file(self, tmp_path):
        (tmp_path / "out").write_text("")
        with pytest.raises(UserError, match="cannot write to"):
            ferspec_grid("-s", tiny_cells.CELL, "--out", tmp_path / "out")


class TestTheBoard:
    def board(self):
        options = tiny_cells.options(".", epochs_cap=4)
        jobs = jobs_of([options.cell], range(4), options)
        return Board("out", jobs), jobs

    @pytest.mark.parametrize(
        ("states", "status"),
        [
            (("finished", "finished", "finished", "finished"), 0),
            (("finished", "failed", "not evaluated", "finished"), 1),
            (("finished", "finished", "not evaluated", "finished"), 3),
            (("finished", "finished", "finished", "waiting"), 1),
            (("not evaluated",) * 4, 2),
        ],
    )
    def test_gives_the_exit_status(self, states, status):
        board, jobs = self.board()
        for job, state in zip(jobs, states, strict=True):
            board.update(job, Event(state=state))
        assert board.summary().status == status

    @pytest.mark.parametrize(
        ("out", "state", "judged"),
        [("out", "finished", True), ("out", "failed", False), ("memory://out", "finished", False)],
    )
    def test_the_command_names_the_next_step_if_a_run_is_finished(self, capsys, out, state, judged):
        _, jobs = self.board()
        board = Board(out, jobs)
        board.update(jobs[0], Event(state=state))
        print_summary(board.summary(), as_json=False)
        assert (f"next: ferspec grid judge {out}" in capsys.readouterr().out) == judged

    def test_without_a_terminal_a_second_command_is_reported(self, capsys):
        board, jobs = self.board()
        with watching(board) as tell:
            tell(jobs[0], Event(state="waiting"))
            tell(jobs[0], BUSY)
        assert capsys.readouterr().err == f"waiting {jobs[0].name}: another command is training it\n"

    def test_without_a_terminal_a_resumed_job_is_reported_once(self, capsys):
        board, jobs = self.board()
        resumed = Event(state="running", epochs=3, resumes=True, message="resuming at epoch 3")
        with watching(board) as tell:
            for event in (Event(state="running"), resumed, Event(state="running", epochs=4)):
                tell(jobs[0], event)
        assert capsys.readouterr().err == f"running {jobs[0].name}\nrunning {jobs[0].name}: resuming at epoch 3\n"
        assert board.epochs() == 1

    def test_what_was_decided_about_the_images_is_reported_once(self, capsys):
        board, jobs = self.board()
        with watching(board) as tell:
            for job in jobs[:2]:
                tell(job, Event(state="running", decided=("training: 7 of RAF-DB",)))
        assert capsys.readouterr().err.count(f"{jobs[0].name}: training: 7 of RAF-DB\n") == 1
        assert board.counts()["running"] == 2

    def test_the_remaining_time_follows_from_the_pace(self):
        board, jobs = self.board()
        assert board.seconds_left() is None
        board.update(jobs[0], Event(state="running"))
        board.update(jobs[0], Event(state="running", epochs=3))
        board.update(jobs[0], Event(state="running", epochs=4))
        board.began -= 20
        # continued at its third epoch: two were trained in 20 s, none is left of it and four each of three others
        assert board.epochs() == 2
        assert board.seconds_left() == pytest.approx(120, rel=0.01)
        assert headline(board).endswith("2 epochs in 20 s, about 2 min left")

    def test_the_board_shows_attempts_and_running_cells(self):
        from rich.console import Console

        board, jobs = self.board()
        for event in (Event(state="running"), Event(state="died"), Event(state="running", epochs=1)):
            board.update(jobs[2], event)
        board.update(jobs[1], Event(state="failed", message="out of memory"))
        console = Console(width=120, record=True, file=io.StringIO())
        console.print(table(board))
        lines = console.export_text().splitlines()
        assert any(line.split() == [tiny_cells.CELL, "2", "running", "1", "of", "about", "4", "2"] for line in lines)
        assert any(line.rstrip().endswith("out of memory") for line in lines)
        assert not any(line.startswith(f"{tiny_cells.CELL}  3") for line in lines)
