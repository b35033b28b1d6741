"""Models are opened in processes of their own, which end with the model."""

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models import Signature, open_model
from ferspec.subjects.models.cost import UNKNOWN, Cost
from ferspec.subjects.models.worker.client import _count_cost
from ferspec.subjects.sandbox.messages import Header, Kind
from helpers.onnx_files import onnx_file
from helpers.waiting import wait_until

IMAGES = np.random.default_rng(7).uniform(0, 1, (5, 4, 3, 3)).astype(np.float32)
TINY = """
import os, sys
import numpy as np
secret = os.environ.get("FERSPEC_TEST_SECRET")
def predict(batch):
    return batch[:, 0, 0, :] * 2
def crash(batch):
    raise ValueError("out of cheese")
def words(batch):
    return ["a"] * len(batch)
def double(batch):
    return (batch[:, 0, 0, :] * 2).astype(np.float64)
def surroundings(batch):
    number = len(os.listdir(".")) + 10 * bool(secret) + 100 * ("tensorflow" in sys.modules) + 1000 * len(sys.argv[1:])
    return np.full((len(batch), 1), number, np.float32)
def process(batch):
    return np.full((len(batch), 1), os.getpid(), np.float32)
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A module in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny_model.py").write_text(TINY)
    return tmp_path / "tiny_model.py"


def test_a_callable_answers_as_in_this_process_and_is_not_imported_here(tiny):
    model = open_model("tiny_model:predict")
    np.testing.assert_array_equal(model.predict(IMAGES), IMAGES[:, 0, 0, :] * 2)
    assert (model.name, model.format, model.signature) == ("tiny_model:predict", "callable", Signature())
    content = hashlib.sha256(tiny.read_bytes()).hexdigest()
    assert model.digest == hashlib.sha256(f"tiny_model.py\0{content}\n".encode()).hexdigest()
    assert "tiny_model" not in sys.modules
    assert (model.count_cost((4, 3, 3)), model.file_bytes) == (UNKNOWN, None)
    assert model.runs_code


def test_other_real_numbers_are_converted_to_float32(tiny):
    assert open_model("tiny_model:double").predict(IMAGES).dtype == np.float32


def test_a_crash_and_an_answer_of_words_are_the_subjects_fault_and_leave_it_running(tiny):
    model = open_model("tiny_model:crash")
    for _ in range(2):
        with pytest.raises(SubjectError, match=r"crashed on a batch of shape \(5, 4, 3, 3\): ValueError: out of chee"):
            model.predict(IMAGES)
    with pytest.raises(SubjectError, match=r"tiny_model:words returned str.* values instead of real numbers"):
        open_model("tiny_model:words").predict(IMAGES)


def test_a_model_sees_an_empty_folder_and_nothing_of_the_users_environment(tiny, monkeypatch):
    monkeypatch.setenv("FERSPEC_TEST_SECRET", "labels")
    assert open_model("tiny_model:surroundings").predict(IMAGES)[0, 0] == 0


def test_the_process_ends_with_the_model(tiny):
    before = set(psutil.Process().children(recursive=True))
    model = open_model("tiny_model:predict")
    assert set(psutil.Process().children(recursive=True)) - before
    del model
    wait_until(lambda: set(psutil.Process().children(recursive=True)) <= before, 10)


def test_a_closed_model_answers_no_more(tiny):
    model = open_model("tiny_model:predict")
    model.predict(IMAGES)
    model.close()
    with pytest.raises(SubjectError):
        model.predict(IMAGES)


def test_a_fresh_model_is_the_same_model_in_another_process(tiny):
    model = replace(open_model("tiny_model:predict"), name="mine", signature=Signature(channels=3))
    fresh = model.fresh()
    np.testing.assert_array_equal(fresh.predict(IMAGES), model.predict(IMAGES))
    assert (fresh.name, fresh.signature, fresh.digest) == ("mine", model.signature, model.digest)
    assert fresh.run is not model.run


def test_a_model_that_changes_while_it_is_judged_is_a_mistake(tiny):
    model = open_model("tiny_model:predict")
    model.require_unchanged()
    tiny.write_text(TINY + "\n")
    with pytest.raises(UserError, match="tiny_model:predict changed while it was judged"):
        model.require_unchanged()
    with pytest.raises(UserError, match="changed while it was judged"):
        model.fresh()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("no_such_module_here:f", "there is no module 'no_such_module_here'"),
        ("tiny_model:absent", "has no 'absent'"),
        ("sys:exit", "has no source file"),
        ("absent.keras", "absent.keras: no such model file or folder"),
        (".", r"\. is neither a TensorFlow SavedModel"),
    ],
)
def test_a_model_that_cannot_be_opened_is_one_line(tiny, reference, words):
    with pytest.raises(UserError, match=words) as caught:
        open_model(reference)
    assert "\n" not in str(caught.value)


def test_a_message_names_the_file_as_the_user_did(tiny):
    Path("notes.onnx").write_bytes(b"just some words")
    with pytest.raises(UserError, match=r"^notes\.onnx does not hold ONNX data"):
        open_model("notes.onnx")


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan")])
def test_a_time_limit_is_positive_and_at_most_a_day(tiny, seconds):
    with pytest.raises(UserError, match="it must be above 0"):
        open_model("tiny_model:predict", seconds=seconds)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_not_opened(tiny):
    os.mkfifo("model.keras")
    with pytest.raises(UserError, match=r"model\.keras is neither a regular file nor a folder"):
        open_model("model.keras")


def test_weights_beside_an_onnx_file_are_read_and_count_in_its_digest(tiny):
    path = onnx_file(tiny.parent / "m.onnx", location="weights.bin")
    model = open_model(path)
    assert model.files == (tiny.parent / "weights.bin",)
    assert model.count_cost((3, 4, 4)) == Cost(parameters=3, multiply_adds=0)
    assert model.file_bytes == path.stat().st_size + 12
    assert model.predict(np.ones((2, 4, 4, 3), np.float32)).tolist() == [[2, 2, 2], [2, 2, 2]]
    Path("weights.bin").unlink()
    with pytest.raises(UserError, match=r"needs weights in weights\.bin, which is missing from its folder"):
        open_model(path)


@pytest.mark.parametrize("answer", [b"{", b'{"parameters": -1}', b'{"parameters": 1e300}', b'{"more": 1}', b"[]"])
def test_a_cost_that_a_worker_makes_up_is_unknown(answer):
    class Channel:
        def exchange(self, kind, content, seconds, accept):
            header = Header(Kind.COUNTED, 0, None, (), len(answer))
            accept(header)
            return header, answer

    assert _count_cost(Channel(), 1.0, (4, 4, 3)) == UNKNOWN
