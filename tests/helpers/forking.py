"""Many command lines, each in a process of its own with a time limit, which starts without new imports."""

from __future__ import annotations

import json
import os
import sys
from typing import NamedTuple

from helpers.processes import run_python

# the first command of a kind imports NumPy, OpenCV, Pydantic and the checks
DRIVER = """
import json, os, signal, sys, time, traceback

import ferspec.api.audit, ferspec.api.certify, ferspec.api.compare, ferspec.api.conform
import ferspec.api.grid.findings, ferspec.api.grid.judge, ferspec.api.verify
import ferspec.grid.training.evaluate, ferspec.report.pages, ferspec.report.terminal
import ferspec.zoo, pytest
from ferspec import cli

def end(words, folder, out, err):
    os.chdir(folder)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    status = 99
    try:
        sys.argv = words
        if words[0] == "pytest":
            status = int(pytest.main(words[1:]))
        else:
            cli.main()
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(status)

def held(folder):
    return sorted(os.path.join(at, name) for at, folders, names in os.walk(folder) for name in (*folders, *names))

plan = json.load(sys.stdin)
out, err = os.path.join(plan["notes"], "out"), os.path.join(plan["notes"], "err")
for words in plan["commands"]:
    before, begun = held(plan["folder"]), time.monotonic()
    process = os.fork()
    if process == 0:
        end(words, plan["folder"], out, err)
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        if time.monotonic() - begun > plan["seconds"]:
            os.kill(process, signal.SIGKILL)
        time.sleep(0.01)
    texts = [open(path, errors="replace").read() for path in (out, err)]
    written = sorted(set(held(plan["folder"])) - set(before))
    status = os.waitstatus_to_exitcode(ended[1])
    print(json.dumps([status, *texts, time.monotonic() - begun, written]), flush=True)
"""


class Ended(NamedTuple):
    """How a command ended: exit status, what it printed, how long it took, and the files that it left."""

    status: int
    out: str
    err: str
    seconds: float
    written: list[str]


def run_each(commands, folder, notes, seconds) -> list[Ended]:
    """Run commands one after another in a folder; one that takes longer than ``seconds`` is killed."""
    plan = {"commands": [list(map(str, words)) for words in commands], "folder": str(folder), "notes": str(notes)}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUNBUFFERED": ""}
    ended = run_python(DRIVER, input=json.dumps(plan | {"seconds": seconds}), env=environment)
    assert ended.returncode == 0, ended.stderr
    return [Ended(*json.loads(line)) for line in ended.stdout.splitlines()]
