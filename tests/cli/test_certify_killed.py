"""``ferspec certify`` killed by SIGKILL at any moment leaves nothing half written and no process."""

import os
import secrets
import signal
import subprocess
import sys
import time

import psutil
import pytest

from ferspec.api.verify import verify
from helpers.waiting import wait_until

MOMENTS = 30
MARK = "FERSPEC_TEST_KILLED"
WRITTEN = {"certificate.json", "report.html", "badge.svg", "model-index.yml"}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")]


def certify(folder, mark):
    """Start the command; whatever it starts with its environment carries the mark."""
    words = [sys.executable, "-m", "ferspec", "certify", "demo", "--no-images", "--out", str(folder)]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(words, env=os.environ | {MARK: mark}, stdout=nowhere, stderr=nowhere)


def left_by(known):
    """Return the processes that exist now, were not known before, and belong to ferspec."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            if process.pid not in known and "ferspec" in words and process.status() != psutil.STATUS_ZOMBIE:
                found.append(words)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def duration(tmp_path_factory):
    """The seconds that the command takes undisturbed."""
    began = time.monotonic()
    assert certify(tmp_path_factory.mktemp("whole") / "out", "whole").wait() == 0
    return time.monotonic() - began


@pytest.mark.hostile("subjects that exit, crash, hang or flood")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_kill_at_a_random_moment_leaves_nothing_half_written(tmp_path, duration, moment):
    known = set(psutil.pids())
    process = certify(tmp_path / "out", secrets.token_hex(8))
    # one moment in each thirtieth of the duration
    time.sleep(duration * (moment + secrets.randbelow(1000) / 1000) / MOMENTS)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not left_by(known), seconds=20)
    written = {path.name for path in (tmp_path / "out").iterdir()} if (tmp_path / "out").is_dir() else set()
    whole = {name for name in written if not name.startswith((".", "unfinished"))}
    assert whole <= WRITTEN
    if "certificate.json" in whole:
        assert verify(tmp_path / "out" / "certificate.json").verdict == "pass"
