"""Why a command ended early: a line on stderr, with ``--json`` an object too, and after Ctrl-C what was kept."""

import json
import os
import sys

import numpy as np
import pytest

from ferspec.commands.endings import NOTHING_KEPT, asks_for_json
from ferspec.errors import SubjectError
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.training.state import FinishedEpochs, StateFolder
from ferspec.subjects.runs.artifacts.record import STATE
from helpers.processes import run

CELL = "lenet5-scratch-48-synthetic-simple"


def raising(error):
    """Return a function that raises an error, whatever it is given."""

    def fail(*given, **named):
        raise error

    return fail


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("absent",), "usage"),
        (("certify", "--nope"), "usage"),
        (("spec", "list", "--family"), "usage"),
        (("spec", "show", "FER-W-99"), "input"),
        (("certify", "nowhere.onnx"), "input"),
    ],
)
def test_with_json_a_mistake_is_an_object_that_says_the_same(ferspec, words, kind):
    status, out, err = ferspec(*words[:2], "--json", *words[2:])
    assert json.loads(out) == {"error": err.removeprefix("ferspec: ").rstrip("\n"), "kind": kind, "status": status}
    assert (status, "", err) == ferspec(*words)


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (ZeroDivisionError("division by zero"), "defect", 70),
        (SubjectError("it crashed"), "subject", 1),
        (PermissionError(13, "Permission denied", "out"), "system", 2),
        (KeyboardInterrupt(), "interrupted", 130),
    ],
)
def test_with_json_every_other_end_is_an_object_too(monkeypatch, ferspec, error, kind, status):
    monkeypatch.setattr("ferspec.spec.load", raising(error))
    ended, out, err = ferspec("spec", "list", "--json")
    document = json.loads(out)
    assert (ended, document["status"], document["kind"]) == (status, status, kind)
    assert document["error"] in err
    assert ("Traceback" in err) == (kind == "defect")


def test_a_result_is_not_an_error(ferspec):
    status, out, _ = ferspec("spec", "list", "--json")
    assert (status, "error" in json.loads(out)) == (0, False)


@pytest.mark.parametrize(("words", "asks"), [("spec list --json", True), ("spec list", False), ("a -- --json", False)])
def test_what_follows_two_dashes_is_not_an_option(words, asks):
    assert asks_for_json(words.split()) == asks


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, NOTHING_KEPT),
        (1, "1 epoch kept in {out}; the same command resumes"),
        (2, "2 epochs kept in {out}; the same command resumes"),
    ],
)
def test_an_interrupted_training_says_what_was_kept(monkeypatch, ferspec, tmp_path, count, said):
    def train(*given, **named):
        rows = tuple(
            EpochRow(phase=1, epoch=n, loss=1, accuracy=0, val_loss=1, val_accuracy=0, learning_rate=1)
            for n in range(count)
        )
        keep(tmp_path / STATE, rows)
        raise KeyboardInterrupt

    monkeypatch.setattr("ferspec.api.train.train_cell", train)
    status, out, err = ferspec("train", CELL, "--out", tmp_path)
    assert (status, out, err) == (130, "", f"ferspec: interrupted: {said.format(out=tmp_path)}\n")


def keep(folder, rows):
    class Nothing:
        variables = (np.zeros(1),)

    if rows:
        StateFolder(folder).save(FinishedEpochs(rows), 0, Nothing, Nothing)


def test_an_interrupted_grid_says_what_was_kept(monkeypatch, ferspec, tmp_path):
    monkeypatch.setattr("ferspec.grid.running.run.run_jobs", raising(KeyboardInterrupt))
    status, out, err = ferspec("grid", "run", "--select", CELL, "--out", tmp_path)
    assert (status, out, err.count("\n")) == (130, "", 1)
    assert err.endswith(f"; finished epochs are kept in {tmp_path}; the same command resumes\n")


def test_an_interrupted_certification_says_that_nothing_was_kept(monkeypatch, ferspec, tmp_path):
    monkeypatch.setattr("ferspec.api.certify.certify_request", raising(KeyboardInterrupt))
    status, out, err = ferspec("certify", "demo", "--out", tmp_path)
    assert (status, out, err) == (130, "", f"ferspec: interrupted: {NOTHING_KEPT}\n")
    assert list(tmp_path.iterdir()) == []


def test_the_version_has_a_short_option(ferspec):
    assert ferspec("-V") == ferspec("--version")


@pytest.mark.parametrize(
    ("line", "offered"), [("ferspec cert", ["certify"]), ("ferspec grid run --sele", ["--select"]), ("ferspec no", [])]
)
def test_a_shell_completes_commands_and_options(line, offered):
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_FERSPEC_COMPLETE": "complete_bash"}
    done = run([sys.executable, "-m", "ferspec"], env=os.environ | words)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, offered, "")


def test_the_completion_script_calls_the_command(ferspec, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    status, out, _ = ferspec("--show-completion", "bash")
    assert status == 0
    assert "_FERSPEC_COMPLETE=complete_bash $1" in out
