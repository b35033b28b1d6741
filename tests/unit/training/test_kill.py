"""A training that is killed at any moment loses no finished epoch and leaves readable files."""

import json
import sys

import pytest

from ferspec.subjects.runs.artifacts.record import CURVES, FINISHED_FILES, RUN
from helpers import layouts
from helpers.places import TESTS
from helpers.processes import run

CELL = "lenet5-scratch-48-fer2013-conservative"
EPOCHS = 8

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """What ``killing.py`` prints of the kills of one training."""
    folder = tmp_path_factory.mktemp("kills")
    sizes = {"Training": 20, "PublicTest": 10}
    rows = [(label, usage) for usage, size in sizes.items() for label in layouts.CLASSES for _ in range(size)]
    layouts.fer2013_csv(folder / "data" / "FER2013" / "fer2013.csv", rows)
    words = (folder, CELL, "--data-root", folder / "data", "--epochs-cap", EPOCHS, "--gpus", 0)
    ran = run([sys.executable, "-m", "helpers.killing", *words], seconds=1500, cwd=TESTS)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_a_process_was_killed_at_each_moment(story):
    assert [kill["moment"] for kill in story["kills"] if not kill["hit"]] == []
    assert len(story["kills"]) >= 10
    assert [kill["finished"] for kill in story["kills"]] == sorted(kill["finished"] for kill in story["kills"])


def test_no_finished_epoch_is_lost_or_repeated(story):
    said = []
    for kill in story["kills"]:
        assert kill["said"] == list(range(kill["before"], kill["before"] + len(kill["said"]))), kill
        assert kill["finished"] or kill["kept"] >= max([kill["before"], *(epoch + 1 for epoch in kill["said"])]), kill
        said += kill["said"]
    # that after which a process was killed before it could say so was said by none
    assert said == [epoch for epoch in range(EPOCHS) if epoch != 0]


def test_all_files_can_be_read_after_each_kill(story):
    assert [kill["unreadable"] for kill in story["kills"] if kill["unreadable"]] == []


def test_the_final_artifacts_equal_those_of_an_uninterrupted_training(story):
    assert story["finished"] == [0, 0]
    assert story["epochs"] == EPOCHS
    assert story["same"] == {"history.csv": True, "predictions.csv": True}


def test_only_the_artifacts_remain(story):
    assert story["files"] == sorted([".lock", RUN, CURVES, *FINISHED_FILES])


def test_a_finished_training_is_not_repeated(story):
    assert story["again"] == 0
    assert story["said again"] == []
