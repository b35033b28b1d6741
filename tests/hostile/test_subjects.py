"""Models that exit, crash, hang or flood end as a fail, or as not evaluable, and leave no process and no file."""

import tempfile
from functools import partial
from pathlib import Path

import psutil
import pytest

from ferspec.subjects.models.contracts.files import save_contract
from ferspec.subjects.models.worker import client
from ferspec.subjects.sandbox.policy import Policy
from helpers.miniatures import colour_patches, contract
from helpers.waiting import wait_until

KIND = "subjects that exit, crash, hang or flood"
LITTLE_MEMORY = 300 << 20
# what a model that hangs is waited for, and one that is sure to do something
SECONDS, PATIENCE = 2, 120
MODEL = """
import ctypes, os, signal, subprocess, sys, threading, time
import numpy as np

calls = 0


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def fault():
    {fault}


{at_import}
def predict(batch):
    global calls
    calls += 1
    if calls > {answers}:
        fault()
    return np.full((len(batch), 7), 1 / 7, np.float32)
"""
ENDING = "ended with exit status|was killed by|without an answer"
FAULTS = {
    "exits with 0": ("os._exit(0)", "ended with exit status 0"),
    "raises SystemExit": ("raise SystemExit(0)", "SystemExit: 0"),
    "raises without words": ("raise Silent", "Silent"),
    "kills itself": ("os.kill(os.getpid(), signal.SIGKILL)", ENDING),
    "kills its parent": (
        "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
        f"{ENDING}|no answer|PermissionError",
    ),
    "crashes": ("ctypes.string_at(0)", ENDING),
    "aborts": ("os.abort()", ENDING),
    "hangs": ("time.sleep(600)", "gave no answer within 2 s"),
    "never ends": ("while True: pass", "gave no answer within 2 s"),
    "waits for input": ("sys.stdin.read(); time.sleep(600)", "gave no answer within 2 s"),
    "forks": ("[os.fork() for _ in range(10_000)]", f"{ENDING}|no answer|PermissionError|BlockingIOError|processes"),
    "starts a program": ("subprocess.Popen(['sleep', '600'])", f"{ENDING}|no answer|PermissionError|OSError|processes"),
    "starts threads": (
        "[threading.Thread(target=time.sleep, args=(600,)).start() for _ in range(10_000)]",
        f"{ENDING}|no answer|RuntimeError|processes",
    ),
    "floods standard output": ("while True: os.write(1, b'x' * 65536)", "printed more than 8 MiB"),
    "floods standard error": ("while True: os.write(2, b'x' * 65536)", "printed more than 8 MiB"),
    "fills the memory": (
        "held = [bytes(1 << 24) + os.urandom(1) for _ in range(1000)]",
        f"memory|MemoryError|{ENDING}",
    ),
    "fills the disk": ("open('big', 'wb').truncate(1 << 44)", f"{ENDING}|OSError|file|disk"),
}


class Patient(client.WorkerRun):
    """Wait longer for a first answer that is sure to come."""

    def __init__(self, channel, name, seconds):
        super().__init__(channel, name, PATIENCE)
        self._limit = seconds

    def __call__(self, batch):
        answer = super().__call__(batch)
        self._seconds = self._limit
        return answer


@pytest.fixture
def judged(tmp_path, monkeypatch, ferspec):
    """A function that certifies a model with a fault; it returns exit status, output and errors."""
    colour_patches(tmp_path)
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(client, "Policy", partial(Policy, memory=LITTLE_MEMORY))

    def certify(fault, answers, at_import=""):
        code, reason = FAULTS.get(fault, (fault, ""))
        Path("subject.py").write_text(MODEL.format(fault=code, answers=answers, at_import=at_import))
        seconds = SECONDS if "no answer" in reason else PATIENCE
        given = ("--dataset", "patches.npz", "--contract", "contract.toml", "--time-limit", seconds)
        monkeypatch.setattr(client, "LOADING", seconds if at_import else PATIENCE)
        if answers:
            monkeypatch.setattr(client, "WorkerRun", Patient)
        return ferspec("certify", "subject:predict", *given)

    return certify


@pytest.fixture
def nothing_is_left(tmp_path_factory, monkeypatch):
    """Compare processes before and after a test, and give it a folder for temporary files of its own."""
    me = psutil.Process()
    before, temporary = set(me.children(recursive=True)), tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    wait_until(lambda: set(me.children(recursive=True)) <= before)
    assert list(temporary.iterdir()) == []


@pytest.mark.hostile(KIND)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_misbehaves_after_an_answer_fails_with_a_reason(judged, nothing_is_left, fault):
    status, out, err = judged(fault, answers=1)
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith("images: ")
    assert out.startswith("FAIL")
    said = " ".join(out.split())
    assert any(part in said for part in FAULTS[fault][1].split("|")), said
    assert not list(Path().glob("ferspec-*"))


@pytest.mark.hostile(KIND)
@pytest.mark.parametrize("fault", ["exits with 0", "crashes", "hangs", "forks", "fills the memory"])
def test_a_model_that_misbehaves_at_once_cannot_be_evaluated(judged, nothing_is_left, fault):
    status, out, err = judged(fault, answers=0)
    assert (status, out) == (2, "")
    images, reason = err.splitlines()
    assert images.startswith("images: ")
    assert any(part in reason for part in FAULTS[fault][1].split("|"))


@pytest.mark.hostile(KIND)
@pytest.mark.parametrize("fault", ["exits with 0", "crashes", "hangs"])
def test_a_module_that_misbehaves_when_it_is_imported_cannot_be_evaluated(judged, nothing_is_left, fault):
    status, out, err = judged(fault, answers=0, at_import="fault()")
    assert (status, out) == (2, "")
    assert any(part in err for part in f"{ENDING}|gave no answer within 2 s".split("|"))


@pytest.mark.hostile(KIND)
def test_what_a_model_prints_reaches_no_terminal(judged):
    words = "print(chr(27) + '[31mred'); os.write(2, b'\\x1b]0;owned\\x07'); raise ValueError('\\x1b[2Jcleared')"
    status, out, err = judged(words, answers=1)
    assert status == 1
    assert "\x1b" not in out + err
    assert "cleared" in out
