"""Calling a model's function: batches, crashes, invalid answers and printed output."""

import ctypes
import os
import sys
from contextlib import nullcontext

import numpy as np
import pytest

from ferspec.errors import SubjectError
from ferspec.subjects.models.base import Model, Signature, cast

IMAGES = np.random.default_rng(3).uniform(0, 1, (5, 4, 3, 3)).astype(np.float32)


class Strange(BaseException):
    pass


def in_memory(run):
    return Model("tiny", "callable", "", Signature(), run)


@pytest.mark.parametrize("stop", [SystemExit(7), Strange("odd"), MemoryError("two\nlines")])
def test_a_model_that_would_end_the_process_fails_as_a_subject(stop):
    def run(batch):
        raise stop

    with pytest.raises(SubjectError, match=f"tiny crashed on a batch of shape .*{type(stop).__name__}") as caught:
        in_memory(run).predict(IMAGES)
    assert "\n" not in str(caught.value)


def test_the_user_can_still_interrupt_a_model():
    def run(batch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_memory(run).predict(IMAGES)


@pytest.mark.parametrize(("dtype", "named"), [(complex, "complex128"), (str, "str"), (bytes, "bytes")])
def test_outputs_that_are_not_real_numbers_are_the_subjects_fault(dtype, named):
    with pytest.raises(SubjectError, match=f"returned {named}.* values instead of real numbers"):
        in_memory(lambda batch: np.ones((len(batch), 7)).astype(dtype)).predict(IMAGES)


@pytest.mark.parametrize("crash", [False, True])
def test_output_of_a_model_never_reaches_stdout(capfd, crash):
    def run(batch):
        print("from Python")
        os.write(1, b"from the system\n")
        ctypes.CDLL("ucrtbase" if os.name == "nt" else None).puts(b"from C")
        if crash:
            raise ValueError
        return batch[:, 0, 0, :]

    before = sys.stdout
    with pytest.raises(SubjectError) if crash else nullcontext():
        in_memory(run).predict(IMAGES)
    assert sys.stdout is before
    os.write(1, b"the report\n")
    out, err = capfd.readouterr()
    assert out == "the report\n"
    assert sorted(err.splitlines()) == ["from C", "from Python", "from the system"]


def test_a_fixed_batch_is_padded_and_split():
    seen = []

    def run(batch):
        seen.append(batch[:, 0, 0, 0].tolist())
        return batch[:, 0, 0, :]

    images = np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1)
    answer = Model("four", "onnx", "", Signature(batch=4), run).predict(images)
    assert answer.ravel().tolist() == [0, 1, 2, 3, 4]
    assert seen == [[0, 1, 2, 3], [4, 4, 4, 4]]


def test_whole_number_inputs_are_rounded_and_clipped():
    assert cast(np.array([-3.0, 0.4, 1.6, 300.0]), "uint8").tolist() == [0, 0, 2, 255]
