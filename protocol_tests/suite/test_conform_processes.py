"""Implementations in processes of their own: what they may answer, and that no misbehaviour takes the judge down."""

import io
import os
import sys
import threading
import time
from pathlib import Path

import pytest
from misbehaving import CLASSES, FAULTS

from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.subjects.processes import Process, channel, open_implementation
from ferspec.subjects.processes.channel import Channel, Lines, Tail
from ferspec.subjects.processes.ending import end
from ferspec.subjects.processes.messages import Misbehaviour, read_answer, request_line
from ferspec.subjects.processes.process import MOST_FAULTS, MOST_FAULTS_OF_ONE

SCRIPT = Path(__file__).with_name("misbehaving.py")
SECONDS = 0.6
SAID = {
    "hang": "no answer within 0.6 s",
    "leaves a child and hangs": "no answer within 0.6 s",
    "leaves a daemon and hangs": "no answer within 0.6 s",
    "crash": "the process ended with exit status 3 without an answer; on standard error: Traceback: out of cheese",
    "abort": "the process was killed by SIGKILL",
    "unnamed signal": "the process was killed by signal 40",
    "exit": "the process ended with exit status 0 without an answer",
    "closes": "closed its standard output without an answer",
    "garbage": "wrote [1] 0.5, which is not JSON",
    "bytes": "which is not UTF-8",
    "other id": "answered request 1 when 2 was asked",
    "id as text": "answered request '2' when 2 was asked: write the id as the number it was",
    "no id": "which is no answer with an id",
    "a list": "which is no answer with an id",
    "neither": "with neither value, error nor missing",
    "NaN": "answered with NaN",
    "beyond float": "answered with 1e999, which is beyond any float",
    "long integer": "answered with an integer of 5000 digits",
    "deep": "nested deeper than 32 levels",
    "very deep": "nested",
    "no line end": r"no answer within 0.6 s (a line was begun and not ended)",
    "huge line": "wrote more than 1 MiB on standard output",
    # too much or too late, whichever a busy machine comes to first
    "many lines": ("wrote more than 1 MiB on standard output", "no answer within 0.6 s"),
    "much on stderr": "wrote more than 1 MiB on standard error",
}


@pytest.fixture
def misbehaving(monkeypatch):
    """A function that returns a process with a fault in one capability, or in every."""
    monkeypatch.setattr(channel, "MOST_BYTES", 1 << 20)
    opened = []

    def start(fault, capability="steering_part"):
        opened.append(Process([sys.executable, "-I", "-S", str(SCRIPT), fault, capability], "it", SECONDS))
        # starting an interpreter may take longer than the fault is waited for
        opened[-1].seconds = 30
        assert opened[-1].offered == {"classes", "steering_part", "rounded"}
        opened[-1].seconds = SECONDS
        return opened[-1]

    yield start
    for process in opened:
        process.close()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # a child whose parent was killed may be gone and not waited for
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_every_fault_there_is_has_its_reason():
    assert SAID.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", SAID)
def test_a_fault_fails_its_own_request_with_its_reason_within_the_time_limit(misbehaving, fault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = misbehaving(fault)
    pid = process.pid
    began = time.monotonic()
    with pytest.raises(SubjectError) as failed:
        process.answer("steering_part", {})
    reasons = SAID[fault] if isinstance(SAID[fault], tuple) else (SAID[fault],)
    assert any(reason in str(failed.value) for reason in reasons)
    assert str(failed.value).startswith("steering_part: ")
    assert "\n" not in str(failed.value)
    assert time.monotonic() - began < SECONDS + 10
    assert not is_running(pid)
    process.seconds = 30
    assert process.answer("classes", {}) == CLASSES


@pytest.mark.parametrize(
    "fault",
    [
        "leaves a child and hangs",
        pytest.param(
            "leaves a daemon and hangs",
            marks=pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="/proc shows no environments"),
        ),
    ],
)
def test_what_a_process_started_ends_with_it(misbehaving, fault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = misbehaving(fault)
    process.seconds = 2
    with pytest.raises(SubjectError):
        process.answer("steering_part", {})
    child = int(Path("child.pid").read_text())
    for _ in range(100):
        if not is_running(child):
            break
        time.sleep(0.05)
    assert not is_running(child)


def test_blank_lines_do_not_wait_to_be_read():
    reader = Lines(io.BytesIO(b"\n \r\n" * 100_000 + b"[1]\n"))
    assert reader.lines.get(timeout=30) == b"[1]"


def test_lines_that_nobody_asked_for_are_not_kept_without_end():
    reader = Lines(io.BytesIO(b"1\n" * channel.CHUNK * 10))
    reader.join(30)
    assert 0 < reader.lines.qsize() <= channel.MOST_WAITING + channel.CHUNK


def test_a_process_that_is_ended_elsewhere_is_gone_before_the_judge_goes_on(monkeypatch):
    ending = threading.Event()

    def slow_end(process, mark):
        ending.set()
        time.sleep(0.3)
        end(process, mark)

    monkeypatch.setattr(channel, "end", slow_end)
    running = Channel([sys.executable, "-I", "-S", str(SCRIPT), "much on stderr", "capabilities"])
    # as the thread that reads a flood does
    threading.Thread(target=running._end).start()
    ending.wait(30)
    running.kill()
    assert not is_running(running.pid)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\n\ntwo\n\n", "two"),
        ("throw err;\nError: Cannot find it\n    at new NodeError (node:x)\n}\nNode.js v18\n", "Error: Cannot"),
        ("Traceback\nValueError: first\nKeyError: second\n", "KeyError: second"),
        ("", ""),
    ],
)
def test_of_standard_error_the_line_is_shown_that_says_what_went_wrong(written, shown):
    reader = Tail(io.BytesIO(written.encode()), lambda: None)
    reader.join(30)
    assert reader.telling_line().startswith(shown)
    assert bool(reader.telling_line()) == bool(shown)


def test_a_capability_that_never_answers_is_given_up_and_the_others_are_not(misbehaving):
    process = misbehaving("garbage")
    process.seconds = 30
    for _ in range(MOST_FAULTS_OF_ONE):
        with pytest.raises(SubjectError, match="not JSON"):
            process.answer("steering_part", {})
    with pytest.raises(SubjectError, match=r"not asked again after repeated faults, the last: .*not JSON"):
        process.answer("steering_part", {})
    assert process.pid is None
    assert process.answer("classes", {}) == CLASSES


def test_a_process_that_never_answers_is_given_up(misbehaving):
    process = misbehaving("garbage", "every")
    process.seconds = 30
    asked = ["classes", "steering_part", "rounded"] * (MOST_FAULTS // 3)
    for capability in asked:
        with pytest.raises(SubjectError, match="not JSON"):
            process.answer(capability, {})
    with pytest.raises(SubjectError, match="classes: not asked again"):
        process.answer("classes", {})
    assert process.pid is None


def test_good_answers_in_between_keep_the_process_asked(misbehaving):
    process = misbehaving("garbage")
    process.seconds = 30
    for _ in range(MOST_FAULTS):
        with pytest.raises(SubjectError, match=r"not JSON|not asked again"):
            process.answer("steering_part", {})
        assert process.answer("classes", {}) == CLASSES


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"id": 7, "value": [0.5, 1, "a", null, true]}', [0.5, 1, "a", None, True]),
        (b'{"id": 7.0, "value": {"a": -3}}', {"a": -3}),
        (b'  {"value": null, "id": 7, "note": "unasked"}\r', None),
        (b'{"id": 7, "value": 1, "error": null}', 1),
        (b'\xef\xbb\xbf{"id": 7, "value": 1}', 1),
    ],
)
def test_an_answer_is_read(line, value):
    assert read_answer(7, line) == value


def test_an_error_and_what_is_missing_are_answers_in_good_order():
    with pytest.raises(SubjectError, match="no such dataset") as error:
        read_answer(7, b'{"id": 7, "error": "no such\\ndataset"}')
    assert not isinstance(error.value, Misbehaviour)
    with pytest.raises(NotEvaluable, match="not offered"):
        read_answer(7, b'{"id": 7, "missing": true}')
    with pytest.raises(Misbehaviour, match="neither value"):
        read_answer(7, b'{"id": 7, "error": null}')


def test_half_a_pair_of_characters_cannot_break_a_message():
    with pytest.raises(SubjectError) as error:
        read_answer(7, b'{"id": 7, "error": "\\ud800"}')
    assert str(error.value).encode() == b"?"


def test_a_request_is_one_line():
    line = request_line(3, "class_of_name", {"name": "a\nb"})
    assert line == b'{"id": 3, "capability": "class_of_name", "arguments": {"name": "a\\nb"}}\n'


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

    def rounded(self, figure):
        raise ValueError("no\\nfigure")

    def split(self, labels, seed):
        raise NotImplementedError

    def spread(self, differences):
        return float("inf")

    def band(self):
        sys.exit(5)

    def steering_part(self):
        return sys.stdin.read()


fer = Fer()
"""


@pytest.fixture
def hosted(tmp_path, monkeypatch):
    (tmp_path / "hosted.py").write_text(HOSTED)
    monkeypatch.chdir(tmp_path)
    with open_implementation("hosted:Fer") as process:
        yield process


def test_answers_of_python_become_json_and_what_is_printed_does_no_harm(hosted):
    assert hosted.answer("classes", {}) == ["Angry", "Disgust"]
    assert hosted.answer("class_weights", {"counts": [1, 2], "balancing": "simple"}) == [0.5, 1.0]
    assert hosted.answer("batch_size", {"gpus": 2}) == 64
    found = hosted.answer("hyperparameters", {"architecture": "VGG16"})
    assert found == {"factor": 0.5, "rates": [1, [0, 1]], "none": [[None], [1.0]], "nan": None}
    assert hosted.answer("steering_part", {}) == ""


@pytest.mark.parametrize(
    ("capability", "arguments", "said"),
    [
        ("rounded", {"figure": 0.5}, "rounded answered with an error: ValueError: no figure"),
        ("spread", {"differences": []}, "spread answered with an error: ValueError: Out of range float"),
        ("band", {}, "band answered with an error: SystemExit: 5"),
        ("batch_size", {"n": 1}, "got an unexpected keyword argument 'n'"),
    ],
)
def test_an_exception_of_python_is_an_error_of_that_answer_alone(hosted, capability, arguments, said):
    running = hosted.pid
    with pytest.raises(SubjectError, match=said):
        hosted.answer(capability, arguments)
    assert hosted.pid == running


def test_what_python_says_is_not_implemented_is_missing(hosted):
    with pytest.raises(NotEvaluable, match="split is not offered"):
        hosted.answer("split", {"labels": [], "seed": 0})


def test_an_object_of_a_module_answers_as_a_class_does(hosted):
    with open_implementation("hosted:fer") as process:
        assert process.offered == hosted.offered >= {"classes", "class_weights", "band"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ('["class_weight"]', "'class_weight', which is no capability: did you mean class_weights?"),
        ('["xyzzyx"]', "'ferspec conform --list' lists them"),
        ('"classes"', "write a list of names"),
        ("[1]", "write a list of names"),
    ],
)
def test_what_is_offered_has_to_be_a_list_of_capabilities(names, said):
    program = f"""import sys; sys.stdin.readline(); print('{{"id": 1, "value": {names}}}')"""
    with Process([sys.executable, "-c", program], "it") as process, pytest.raises(UserError) as refused:
        _ = process.offered
    assert said in str(refused.value)
