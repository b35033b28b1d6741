"""Workers that break the protocol are ended with a plain reason, and nothing of theirs is believed."""

import sys
import time

import numpy as np
import psutil
import pytest

from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models import Model, Signature
from ferspec.subjects.models.worker.client import WorkerRun
from ferspec.subjects.sandbox.channel import Channel
from ferspec.subjects.sandbox.policy import Policy
from helpers import waiting, workers

SCRIPT = workers.__file__
IMAGES = np.ones((2, 4, 4, 3), np.float32)
SECONDS = 120
REASONS = {
    "a pickle": "wrote a pickle instead of an answer",
    "a wrong length": r"declared 8 bytes for an answer of shape \(2, 7\)",
    "a length without end": r"declared 9,223,372,036,854,775,808 bytes for an answer of shape \(2, 7\)",
    "too many rows": r"answered 2 images with an output of shape \(3, 7\)",
    "too few rows": r"answered 2 images with an output of shape \(1, 7\)",
    "billions of rows": r"answered 2 images with an output of shape \(2147483648, 7\)",
    "another shape": r"answered 2 images with an output of shape \(2, 1, 7\)",
    "one number for each image": r"answered 2 images with an output of shape \(2,\)",
    "too many columns": "answered with 70,000 columns: at most 65,536 are read",
    "bytes as values": "answered 2 images with an output of type uint8",
    "another type": "answered with values of an unknown type or shape",
    "five axes": "answered with values of an unknown type or shape",
    "another number": "answered with the number of another request",
    "an unknown kind": "answered with a message of the unknown kind 99",
    "text without end": "answered with 1,048,576 bytes: at most 4,096 are read",
    "words": "wrote bytes instead of an answer",
    "half an answer": "ended with exit status 0 without an answer",
    "nothing, and exits with 0": "ended with exit status 0 without an answer",
    "nothing, and exits with words": "ended with exit status 3 .*ValueError: out of cheese$",
    "nothing, and is killed": "was killed by SIGKILL without an answer",
    # a wrapper of the sandbox may keep the pipe open
    "nothing, and closes its output": "(closed its output without an answer|gave no answer within)",
    "endless text": "printed more than 8 MiB during one request",
    "endless bytes": "wrote bytes instead of an answer",
    "before it is asked": "answered before it was asked",
}


@pytest.fixture
def opened():
    """A function that returns a model made of a worker with a fault, and its process."""
    channels = []

    def open_one(fault, seconds=SECONDS):
        words = [sys.executable, "-I", "-S", SCRIPT, fault]
        channel = Channel(words, Policy(readable=(SCRIPT,)), {})
        channels.append(channel)
        run = WorkerRun(channel, "tiny", seconds)
        return Model("tiny", "callable", "", Signature(), run), psutil.Process(channel.pid)

    yield open_one
    for channel in channels:
        channel.close()


@pytest.mark.hostile("workers that misbehave")
@pytest.mark.parametrize("fault", REASONS)
def test_a_worker_that_misbehaves_at_once_cannot_be_evaluated(opened, fault):
    model, process = opened(fault, 3 if "closes" in fault else SECONDS)
    if fault == "before it is asked":
        wait_for_answer(model)
    with pytest.raises(UserError, match=f"tiny {REASONS[fault]}") as caught:
        model.predict(IMAGES)
    assert str(caught.value).isprintable()
    assert not process.is_running()


def wait_for_answer(model):
    """Wait until the early answer of a worker lies in its pipe."""
    waiting.wait_until(lambda: not model.run._channel._answers.headers.empty())


@pytest.mark.hostile("workers that misbehave")
@pytest.mark.parametrize("fault", ["a pickle", "nothing, and exits with 0", "too many rows"])
def test_a_worker_that_misbehaves_after_an_answer_fails_and_stays_failed(opened, fault):
    model, process = opened(f"later: {fault}")
    assert model.predict(IMAGES).shape == (2, 7)
    for _ in range(2):
        with pytest.raises(SubjectError, match=f"tiny {REASONS[fault]}"):
            model.predict(IMAGES)
    assert not process.is_running()


@pytest.mark.hostile("workers that misbehave")
def test_a_worker_refuses_a_contract_only_before_its_first_answer(opened):
    model, _ = opened("a refusal instead of values")
    with pytest.raises(UserError, match=r"^no$"):
        model.predict(IMAGES)
    model, _ = opened("later: a refusal instead of values")
    assert model.predict(IMAGES).shape == (2, 7)
    with pytest.raises(SubjectError, match=r"tiny answered with an unexpected message \(refused\)"):
        model.predict(IMAGES)


@pytest.mark.hostile("workers that misbehave")
def test_a_second_answer_is_found_at_the_next_request(opened):
    model, _ = opened("a second answer")
    assert model.predict(IMAGES).shape == (2, 7)
    wait_for_answer(model)
    with pytest.raises(SubjectError, match="tiny answered before it was asked"):
        model.predict(IMAGES)


@pytest.mark.hostile("workers that misbehave")
def test_a_worker_that_ends_between_two_requests_is_found_at_once(opened):
    model, _ = opened("an answer, and exits", seconds=200)
    assert model.predict(IMAGES).shape == (2, 7)
    wait_for_answer(model)
    began = time.monotonic()
    with pytest.raises(SubjectError, match="tiny ended with exit status 0 without an answer"):
        model.predict(IMAGES)
    assert time.monotonic() - began < 60


@pytest.mark.hostile("workers that misbehave")
def test_a_worker_that_answers_without_reading_the_request_is_found(opened):
    model, _ = opened("without reading")
    with pytest.raises(UserError, match="tiny answered before it had read the request"):
        model.predict(np.ones((64, 64, 64, 3), np.float32))


@pytest.mark.hostile("workers that misbehave")
def test_a_worker_that_hangs_is_ended_at_the_time_limit(opened):
    model, process = opened("nothing, and hangs", seconds=1)
    with pytest.raises(UserError, match="tiny gave no answer within 1 s"):
        model.predict(IMAGES)
    assert not process.is_running()
