"""``ferspec certify`` killed by SIGKILL at any moment leaves nothing half written and no process."""

import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from ferspec.api.verify import verify
from helpers.waiting import wait_until

MOMENTS = 30
SECONDS = 300
WRITTEN = {"certificate.json", "report.html", "badge.svg", "model-index.yml", "documentation.md"}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")]


def certify(folder):
    words = [sys.executable, "-m", "ferspec", "certify", "demo", "--out", str(folder)]
    return psutil.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def is_running(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def duration(tmp_path_factory):
    """The seconds that the command takes undisturbed."""
    began = time.monotonic()
    assert certify(tmp_path_factory.mktemp("whole") / "out").wait(SECONDS) == 0
    return time.monotonic() - began


@pytest.mark.hostile("subjects that exit, crash, hang or flood")
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_kill_at_a_random_moment_leaves_nothing_half_written(tmp_path, duration, moment):
    process = certify(tmp_path / "out")
    # one moment in each thirtieth of the duration
    time.sleep(duration * (moment + secrets.randbelow(1000) / 1000) / MOMENTS)
    started = []
    with suppress(psutil.NoSuchProcess):  # it has ended already
        process.suspend()
        started = process.children(recursive=True)
        process.kill()
    process.wait(SECONDS)
    wait_until(lambda: not any(map(is_running, started)))
    written = {path.name for path in (tmp_path / "out").iterdir()} if (tmp_path / "out").is_dir() else set()
    whole = {name for name in written if not name.startswith((".", "unfinished"))}
    assert whole <= WRITTEN
    if "certificate.json" in whole:
        assert verify(tmp_path / "out" / "certificate.json").verdict == "pass"
