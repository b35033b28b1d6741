"""Processes of implementations may misbehave without harm to the judge."""

import io
import os
import queue
import re
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.subjects.implementations.processes import Process, channel
from ferspec.subjects.implementations.processes.access import Access, command_access
from ferspec.subjects.implementations.processes.channel import Channel, LineReader
from ferspec.subjects.implementations.processes.messages import Misbehaviour, read_answer, request_line, value_of
from ferspec.subjects.implementations.processes.process import MOST_FAULTS, MOST_FAULTS_OF_ONE
from ferspec.subjects.sandbox import running as sandbox
from ferspec.subjects.sandbox.ending import end
from ferspec.subjects.sandbox.policy import Policy
from ferspec.subjects.sandbox.reading import TailReader
from helpers.implementations import misbehaving_words
from helpers.misbehaving import CLASSES, FAULTS, FOLLOWING
from helpers.waiting import wait_until

# what a process is waited for that is sure to do something
PATIENCE = 120
SAID = {
    "hang": "no answer within 0.6 s",
    "leaves a child and hangs": "no answer within 0.6 s",
    "leaves a daemon and hangs": "no answer within 0.6 s",
    "crash": "the process ended with exit status 3 without an answer; on standard error: Traceback: out of cheese",
    "abort": "the process was killed by SIGKILL",
    "unnamed signal": "the process was killed by signal 40",
    "exit": "the process ended with exit status 0 without an answer",
    "closes": "the process closed its output without an answer",
    "garbage": "wrote [1] 0.5, which is not JSON",
    "bytes": "which is not UTF-8",
    "other id": "answered request 1 instead of 2: repeat the id of the request",
    "id as text": "answered request '2' instead of 2: repeat the id of the request",
    "no id": "which is not an answer with an id",
    "a list": "which is not an answer with an id",
    "neither": "without value, error or missing",
    "NaN": "answered with NaN",
    "beyond float": "answered with 1e999, which is too large for a float",
    "long integer": "answered with an integer of 5000 digits",
    "deep": "nested deeper than 32 levels",
    "very deep": "nested",
    "no line end": "no answer within 3 s (it began a line but did not end it)",
    "huge line": "wrote more than 1 MiB to standard output",
    "many lines": "wrote more than 1 MiB to standard output",
    "much on stderr": "wrote more than 1 MiB to standard error",
}


@pytest.fixture
def misbehaving(monkeypatch):
    """A function that returns a process with a fault in one capability, or in every."""
    monkeypatch.setattr(channel, "MOST_BYTES", 1 << 20)
    opened = []

    def start(fault, capability="monitored_split"):
        words = misbehaving_words(fault, capability)
        opened.append(Process(words, "it", command_access(words), PATIENCE))
        assert opened[-1].offered == {"classes", "monitored_split", "rounded"}
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
    assert NOBODY_ASKED.keys() | LATE.keys() == FOLLOWING.keys()


@pytest.mark.parametrize("fault", SAID)
def test_a_fault_fails_its_own_request_with_its_reason_within_the_time_limit(misbehaving, fault):
    process = misbehaving(fault)
    pid = process.pid
    if limit := re.search(r"no answer within (\S+) s", SAID[fault]):
        process.seconds = float(limit[1])
    began = time.monotonic()
    with pytest.raises(SubjectError) as failed:
        process.answer("monitored_split", {})
    assert SAID[fault] in str(failed.value)
    assert str(failed.value).startswith("monitored_split: ")
    assert "\n" not in str(failed.value)
    assert time.monotonic() - began < PATIENCE
    assert not is_running(pid)
    process.seconds = PATIENCE
    assert process.answer("classes", {}) == CLASSES


NOBODY_ASKED = {
    "writes more": "monitored_split: wrote done without a request",
    "answers twice": 'wrote {"id": 2, "value": "validation"} without a request',
    "answers ahead": 'wrote {"id": 3, "value": 1} without a request',
    "begins a line": "monitored_split: began a line without a request",
}


@pytest.mark.parametrize("fault", NOBODY_ASKED)
def test_output_after_an_answer_fails_the_answered_request(misbehaving, monkeypatch, fault):
    running = misbehaving(fault)
    # on a busy machine a moment may be too short
    monkeypatch.setattr("ferspec.subjects.implementations.processes.process.PAUSE", 2)
    with pytest.raises(SubjectError, match=re.escape(NOBODY_ASKED[fault])):
        running.answer("monitored_split", {})
    monkeypatch.setattr("ferspec.subjects.implementations.processes.process.PAUSE", 0)
    assert running.answer("classes", {}) == CLASSES
    running.close()
    assert running.strays == []


LATE = {
    "writes late": "wrote done, which is not JSON",
    "writes later": "wrote done without a request",
    "leaves": "ended with exit status 4",
}


@pytest.mark.parametrize("fault", LATE)
def test_output_too_late_to_attribute_fails_no_answer_and_is_listed(misbehaving, monkeypatch, fault):
    running = misbehaving(fault)
    assert running.answer("monitored_split", {}) == "validation"
    if fault == "writes later":
        monkeypatch.setattr("ferspec.subjects.implementations.processes.process.PAUSE", 2)
    assert running.answer("classes", {}) == CLASSES
    (stray,) = running.strays
    assert stray.startswith("asked for classes after monitored_split: ")
    assert LATE[fault] in stray


def test_output_after_the_last_answer_is_listed(misbehaving):
    running = misbehaving("writes late")
    assert running.answer("monitored_split", {}) == "validation"
    running.close()
    (stray,) = running.strays
    assert stray.startswith("after its last answer, to monitored_split: wrote done without a request")


def test_a_process_that_has_answered_before_is_at_fault_where_a_new_one_is_too(misbehaving):
    running = misbehaving("garbage")
    assert running.answer("classes", {}) == CLASSES
    with pytest.raises(SubjectError, match="monitored_split: wrote"):
        running.answer("monitored_split", {})
    assert running.strays == []


def test_a_process_that_is_never_ready_for_the_next_request_is_given_up(misbehaving):
    running = misbehaving("leaves", "every")
    for _ in range(MOST_FAULTS + 1):
        assert running.answer("monitored_split", {}) == "validation"
    assert len(running.strays) == MOST_FAULTS
    with pytest.raises(SubjectError, match=r"not asked again after repeated faults; last fault: .* exit status 4"):
        running.answer("classes", {})


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
def test_child_processes_end_with_their_parent(misbehaving, fault):
    process = misbehaving(fault)
    process.seconds = 5
    running = psutil.Process(process.pid)

    def ask():
        with pytest.raises(SubjectError):
            process.answer("monitored_split", {})

    asking = threading.Thread(target=ask)
    asking.start()
    child = wait_until(lambda: [one for one in running.children(True) if "time.sleep(600)" in one.cmdline()[-1]])[0]
    asking.join(PATIENCE)
    wait_until(lambda: not is_running(child.pid))


def test_blank_lines_do_not_wait_to_be_read():
    reader = LineReader(io.BytesIO(b"\n \r\n" * 100_000 + b"[1]\n"))
    assert reader.lines.get(timeout=PATIENCE) == b"[1]"


def test_the_number_of_kept_unrequested_lines_is_bounded():
    reader = LineReader(io.BytesIO(b"1\n" * channel.CHUNK * 10))
    reader.join(PATIENCE)
    assert 0 < reader.lines.qsize() <= channel.MOST_WAITING + channel.CHUNK


def test_a_process_ended_by_another_thread_is_gone_before_the_judge_continues(monkeypatch):
    ending = threading.Event()

    def slow_end(*process):
        ending.set()
        time.sleep(0.3)
        end(*process)

    monkeypatch.setattr(sandbox, "end", slow_end)
    words = misbehaving_words("much on stderr", "capabilities")
    running = Channel(words, command_access(words))
    # as the thread that reads a flood does
    threading.Thread(target=running._sandboxed.end).start()
    assert ending.wait(PATIENCE)
    running.kill()
    assert not is_running(running.pid)


def test_a_request_is_not_written_any_more_when_its_process_is_gone(monkeypatch):
    closed = []

    def slow_write(stream, line):
        time.sleep(0.3)
        closed.append(stream.closed)

    monkeypatch.setattr(channel, "_write", slow_write)
    running = Channel([sys.executable, "-c", "pass"], Access(Policy()))
    with pytest.raises(Misbehaviour, match=r"no answer within 0 s|ended with exit status 0"):
        running.exchange(b"1\n", 0)
    running.kill()
    # the number of a closed file may be that of the next process' input by now
    assert closed == [False]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\n\ntwo\n\n", "two"),
        ("throw err;\nError: Cannot find it\n    at new NodeError (node:x)\n}\nNode.js v18\n", "Error: Cannot"),
        ("Traceback\nValueError: first\nKeyError: second\n", "KeyError: second"),
        ("", ""),
    ],
)
def test_the_line_of_standard_error_that_names_the_mistake_is_shown(written, shown):
    reader = TailReader(io.BytesIO(written.encode()), lambda: None)
    reader.join(PATIENCE)
    assert reader.error_line().startswith(shown)
    assert bool(reader.error_line()) == bool(shown)


def test_a_capability_that_never_answers_is_given_up_and_the_others_are_not(misbehaving):
    process = misbehaving("garbage")
    for _ in range(MOST_FAULTS_OF_ONE):
        with pytest.raises(SubjectError, match="not JSON"):
            process.answer("monitored_split", {})
    with pytest.raises(SubjectError, match=r"not asked again after repeated faults; last fault: .*not JSON"):
        process.answer("monitored_split", {})
    assert process.pid is None
    assert process.answer("classes", {}) == CLASSES


def test_a_process_that_never_answers_is_given_up(misbehaving):
    process = misbehaving("garbage", "every")
    asked = ["classes", "monitored_split", "rounded"] * (MOST_FAULTS // 3)
    for capability in asked:
        with pytest.raises(SubjectError, match="not JSON"):
            process.answer(capability, {})
    with pytest.raises(SubjectError, match="classes: not asked again"):
        process.answer("classes", {})
    assert process.pid is None


def test_a_process_that_answers_between_failures_is_not_given_up(misbehaving):
    process = misbehaving("garbage")
    for _ in range(MOST_FAULTS):
        with pytest.raises(SubjectError, match=r"not JSON|not asked again"):
            process.answer("monitored_split", {})
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
    assert value_of(read_answer(7, line)) == value


def test_an_error_and_a_missing_capability_are_valid_answers():
    with pytest.raises(SubjectError, match="no such dataset") as error:
        value_of(read_answer(7, b'{"id": 7, "error": "no such\\ndataset"}'))
    assert not isinstance(error.value, Misbehaviour)
    with pytest.raises(NotEvaluable, match="not offered"):
        value_of(read_answer(7, b'{"id": 7, "missing": true}'))
    with pytest.raises(Misbehaviour, match="without value, error or missing"):
        read_answer(7, b'{"id": 7, "error": null}')


def test_half_a_pair_of_characters_cannot_break_a_message():
    with pytest.raises(SubjectError) as error:
        value_of(read_answer(7, b'{"id": 7, "error": "\\ud800"}'))
    assert str(error.value).encode() == b"?"


def test_a_request_is_one_line():
    line = request_line(3, "class_of_name", {"name": "a\nb"})
    assert line == b'{"id": 3, "capability": "class_of_name", "arguments": {"name": "a\\nb"}}\n'


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ('["class_weight"]', "'class_weight', which is not a capability: did you mean class_weights?"),
        ('["xyzzyx"]', "'ferspec conform --list' lists them"),
        ('"classes"', "expected a list of names"),
        ("[1]", "expected a list of names"),
    ],
)
def test_the_offer_must_be_a_list_of_capabilities(names, said):
    program = f"""import sys; sys.stdin.readline(); print('{{"id": 1, "value": {names}}}')"""
    words = [sys.executable, "-c", program]
    with Process(words, "it", command_access(words)) as process, pytest.raises(UserError) as refused:
        _ = process.offered
    assert said in str(refused.value)


def test_a_short_wait_for_a_line_always_ends():
    """``SimpleQueue.get`` waits forever if its timeout passes just as a line is taken."""
    read, write = os.pipe()
    with os.fdopen(write, "wb", buffering=0) as sink, os.fdopen(read, "rb", buffering=0) as source:
        reader = LineReader(source)
        for number in range(10_000):
            sink.write(b"%d\n" % number)
            assert int(reader.lines.get(timeout=30)) == number
            with pytest.raises(queue.Empty):
                reader.lines.get(timeout=1e-5)
        sink.close()
        reader.join(30)
    assert not reader.is_alive()
