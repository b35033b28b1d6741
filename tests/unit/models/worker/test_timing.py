"""What an answer takes is measured in the process of the model: time, memory, and the number of threads."""

import numpy as np
import pytest

from ferspec.errors import SubjectError
from ferspec.subjects.models import open_model
from ferspec.subjects.models.worker.settings import environment_of, threads_or

IMAGE = np.zeros((4, 4, 3), np.float32)
SLOW = """
import os, time
import numpy as np
held = []
def slow(batch):
    time.sleep(0.05)
    return np.ones((len(batch), 7), np.float32)
def large(batch):
    held.append(np.ones(50_000_000))
    return np.ones((len(batch), 7), np.float32)
def threads(batch):
    return np.full((len(batch), 1), int(os.environ["OMP_NUM_THREADS"]), np.float32)
def crash(batch):
    raise ValueError("out of cheese")
"""


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Return a function that opens a callable of a module in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow_model.py").write_text(SLOW)
    models = []

    def opens(name, **given):
        models.append(open_model(f"slow_model:{name}", **given))
        return models[-1]

    yield opens
    for model in models:
        model.close()


def test_a_slow_answer_takes_its_time(opened):
    assert opened("slow").timed(IMAGE).nanoseconds >= 50_000_000


def test_memory_counts_what_the_model_holds(opened):
    found = opened("large").timed(IMAGE)
    # 50 million numbers of 8 bytes
    assert found.peak - found.before >= 400_000_000


def test_a_model_computes_with_the_number_of_threads_that_is_asked(opened):
    batch = IMAGE[np.newaxis]
    assert opened("threads", threads=3).predict(batch).item() == 3
    assert environment_of({}, 2)["FERSPEC_THREADS"] == environment_of({}, 2)["TF_NUM_INTRAOP_THREADS"] == "2"
    assert "FERSPEC_THREADS" not in environment_of({"FERSPEC_THREADS": "5"})


def test_adapters_use_the_number_of_threads_only_where_it_is_given(monkeypatch):
    assert threads_or(4) == 4
    monkeypatch.setenv("FERSPEC_THREADS", "1")
    assert threads_or(4) == 1


def test_a_crash_while_it_is_timed_is_a_failure_of_the_model(opened):
    with pytest.raises(SubjectError, match=r"slow_model:crash crashed on a batch .*: ValueError: out of cheese"):
        opened("crash").timed(IMAGE)
