"""Killing a training at any moment loses no finished epoch and leaves nothing that cannot be read."""

import json
import subprocess
import sys

import pytest

from ferspec.subjects.artifacts import CURVES, FINISHED_FILES, RUN
from helpers import layouts
from helpers.places import TESTS

CELL = "lenet5-scratch-48-fer2013-conservative"
EPOCHS = 20


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What ``killing.py`` prints of ten kills of one training."""
    folder = tmp_path_factory.mktemp("kills")
    rows = [(label, usage) for usage in ("Training", "PublicTest") for label in layouts.CLASSES for _ in range(10)]
    layouts.fer2013_csv(folder / "data" / "FER2013" / "fer2013.csv", rows)
    words = (folder, CELL, "--data-root", folder / "data", "--epochs-cap", EPOCHS, "--gpus", 0)
    command = [sys.executable, "-m", "helpers.killing", *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=1200, cwd=TESTS)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_ten_processes_were_killed(told):
    assert [kill["hit"] for kill in told["kills"]] == [True] * 10, told["kills"]


def test_no_finished_epoch_is_lost_or_done_twice(told):
    for kill in told["kills"]:
        assert kill["kept"] >= max([kill["before"], *(epoch + 1 for epoch in kill["said"])]), kill
        assert kill["said"] == list(range(kill["before"], kill["before"] + len(kill["said"]))), kill
    assert any(kill["said"] for kill in told["kills"])


def test_whatever_is_there_can_be_read(told):
    assert [kill["unreadable"] for kill in told["kills"]] == [[]] * 10


def test_in_the_end_it_is_the_training_that_nobody_killed(told):
    assert told["finished"] == [0, 0]
    assert told["epochs"] == EPOCHS
    assert told["same"] == {"history.csv": True, "predictions.csv": True}


def test_nothing_but_the_artifacts_is_left(told):
    assert told["files"] == sorted([".lock", RUN, CURVES, *FINISHED_FILES])


def test_a_finished_training_is_not_done_again(told):
    assert told["again"] == 0
    assert told["said again"] == []
