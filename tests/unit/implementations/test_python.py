"""Implementations in Python: answers as JSON, printed output and exceptions."""

import pytest

from ferspec.errors import NotEvaluable, SubjectError
from ferspec.subjects.implementations.processes import open_implementation

HOSTED = """
import sys
import numpy as np

print("importing")


class Fer:
    limit = 3

    def classes(self):
        print("noise")
        sys.stdout.write("more")
        return ("Angry", np.str_("Disgust"))

    def class_weights(self, counts, balancing):
        return np.array(counts, dtype=np.float32) / np.float32(2)

    def batch_size(self, gpus):
        return np.int64(32 * gpus)

    def hyperparameters(self, architecture):
        return {"factor": np.float32(0.5), "rates": (1, np.arange(2)), "none": np.array([[np.nan], [1]]), "nan": np.nan}

    def rounded(self, metric):
        raise ValueError("no\\nmetric")

    def split(self, labels, seed):
        raise NotImplementedError

    def spread(self, differences):
        return float("inf")

    def band(self):
        sys.exit(5)

    def monitored_split(self):
        return sys.stdin.read()


fer = Fer()
"""


@pytest.fixture
def hosted(tmp_path, monkeypatch):
    (tmp_path / "hosted.py").write_text(HOSTED)
    monkeypatch.chdir(tmp_path)
    with open_implementation("hosted:Fer") as process:
        yield process


def test_answers_of_python_become_json_and_printed_output_is_harmless(hosted):
    assert hosted.answer("classes", {}) == ["Angry", "Disgust"]
    assert hosted.answer("class_weights", {"counts": [1, 2], "balancing": "simple"}) == [0.5, 1.0]
    assert hosted.answer("batch_size", {"gpus": 2}) == 64
    found = hosted.answer("hyperparameters", {"architecture": "VGG16"})
    assert found == {"factor": 0.5, "rates": [1, [0, 1]], "none": [[None], [1.0]], "nan": None}
    assert hosted.answer("monitored_split", {}) == ""


@pytest.mark.parametrize(
    ("capability", "arguments", "said"),
    [
        ("rounded", {"metric": 0.5}, "rounded answered with an error: ValueError: no$"),
        (
            "spread",
            {"differences": []},
            "spread answered with an error: ValueError: the answer has infinity, which is not",
        ),
        ("band", {}, "band answered with an error: SystemExit: 5"),
        ("batch_size", {"n": 1}, "got an unexpected keyword argument 'n'"),
    ],
)
def test_an_exception_fails_only_its_own_answer(hosted, capability, arguments, said):
    running = hosted.pid
    with pytest.raises(SubjectError, match=said):
        hosted.answer(capability, arguments)
    assert hosted.pid == running


def test_a_function_that_raises_not_implemented_is_missing(hosted):
    with pytest.raises(NotEvaluable, match="split is not offered"):
        hosted.answer("split", {"labels": [], "seed": 0})


def test_an_object_of_a_module_answers_as_a_class_does(hosted):
    with open_implementation("hosted:fer") as process:
        assert process.offered == hosted.offered >= {"classes", "class_weights", "band"}
