"""Start a program in the strongest sandbox that works here, on Linux."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from ferspec.subjects.sandbox.ending import new_mark
from ferspec.subjects.sandbox.environment import clean_environment
from ferspec.subjects.sandbox.filters import compiled_filter
from ferspec.subjects.sandbox.places import Places, places
from ferspec.subjects.sandbox.policy import Isolation, Policy
from ferspec.subjects.sandbox.running import Launched
from ferspec.subjects.sandbox.scratch import WORK, Scratch
from ferspec.subjects.sandbox.spawning import fill_standard_streams, spawn_wrapped
from ferspec.subjects.sandbox.wrappers import NOTHING, SHARED_MEMORY, Wrapper, mounts, wrappers

STAGE = Path(__file__).with_name("stage.py")
INSIDE = Path("/tmp")
# seconds until the sandbox stands, on a busy machine
PATIENCE = 120.0
LONGEST_REPORT = 64 << 10
# a guard ends its report with this, since a wrapper may keep the pipe open
END = b"end\n"
LIMITS = {"CORE": 0, "NOFILE": 4096, "FSIZE": 4 << 30}
LIMITED = ("memory", "processes", "files")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# what libraries read about the machine
ABOUT_THE_MACHINE = tuple(
    f"/proc/{name}"
    for name in ("cpuinfo", "meminfo", "stat", "version", "loadavg", "uptime", "filesystems", "sys/vm", "sys/kernel")
)


def staged(
    words: Sequence[str],
    policy: Policy,
    scratch: Scratch,
    environment: Mapping[str, str] | None,
    tools: frozenset[str],
) -> tuple[Launched, Isolation]:
    """Start a program with the given tools, where they work. Raise ``OSError`` if it cannot be started."""
    granted = places(policy)
    for wrapper in wrappers(tools):
        mark = new_mark()
        inside = INSIDE if wrapper.own_files else scratch.folder
        variables = clean_environment(inside, environment) | {mark: "1"}
        config = {
            "words": list(words),
            "environment": variables,
            "folder": str(policy.folder or inside / WORK),
            **_restrictions(wrapper, policy, granted, scratch, tools),
        }
        process, messages = _run(wrapper, config, mounts(granted, scratch.folder))
        is_guarded = config["guard"] and wrapper is NOTHING
        launched = Launched(process, mark, scratch, wrapper.processes + config["guard"], is_guarded)
        if len(messages) == 1 and "error" not in messages[0]:
            used = (*((wrapper.tool,) if wrapper.tool else ()), *messages[0].pop("tools"))
            return launched, Isolation(**messages[0], limits=LIMITED, tools=used)
        launched.kill()
        close_streams(process)
        if messages:
            raise OSError(messages[-1]["errno"], messages[-1]["error"], words[0])
    raise OSError(errno.ETIMEDOUT, "the sandbox does not stand", words[0])


def close_streams(process: subprocess.Popen[bytes]) -> None:
    """Close the judge's ends of the pipes to a process that has ended."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _run(
    wrapper: Wrapper, config: dict[str, Any], arguments: bytes
) -> tuple[subprocess.Popen[bytes], list[dict[str, Any]]]:
    """Start the stage in a wrapper, and return it with what it reports; nothing if the wrapper does not start it."""
    fill_standard_streams()
    with ExitStack() as opened:
        read, write = os.pipe()
        opened.callback(os.close, read)
        with ExitStack() as given:
            given.callback(os.close, write)
            # files, since a command line could be read inside
            files = [given.enter_context(_unnamed(json.dumps(config).encode())).fileno(), write]
            command = [*wrapper.words]
            if wrapper.own_files:
                files.append(given.enter_context(_unnamed(arguments)).fileno())
                command += ["--args", str(files[-1])]
            command += ["--"] if command else []
            command += [sys.executable, "-I", "-S", str(STAGE), *map(str, files[:2])]
            process = spawn_wrapped(command, config["environment"], files)
        return process, _messages(read)


def _restrictions(
    wrapper: Wrapper, policy: Policy, granted: Places, scratch: Scratch, tools: frozenset[str]
) -> dict[str, Any]:
    """Return what the stage restricts, and what it tries."""
    instructions = compiled_filter(policy.may_start_processes) if "seccomp" in tools else None
    return {
        "judge": os.getpid(),
        "own_files": wrapper.own_files,
        "own_processes": wrapper.own_processes,
        # the first process of a namespace, and where descendants could outlive the program
        "guard": wrapper.tool == "unshare" or (wrapper is NOTHING and (policy.may_start_processes or not instructions)),
        "shared_memory": SHARED_MEMORY if wrapper.tool == "unshare" else None,
        "limits": LIMITS,
        "landlock": _rules(wrapper, granted, scratch) if "landlock" in tools else None,
        "reads_everywhere": os.geteuid() == 0 and not wrapper.own_users,
        "seccomp": instructions.hex() if instructions else "",
        "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in ("net", "pid")},
        "outside": str(scratch.outside),
    }


def _rules(wrapper: Wrapper, granted: Places, scratch: Scratch) -> dict[str, Any] | None:
    """Return the rules for Landlock, or None without its package."""
    package = importlib.util.find_spec("landlock")
    if package is None or package.origin is None:
        return None
    about = ("/proc",) if wrapper.own_processes else ABOUT_THE_MACHINE
    shared_memory = ("/dev/shm",) if wrapper is not NOTHING else ()
    return {
        "packages": str(Path(package.origin).parents[1]),
        "readable": [*granted.granted, *about],
        "listed": ["/"] if wrapper.own_files else list(granted.listed),
        "writable": [str(INSIDE if wrapper.own_files else scratch.folder), *shared_memory],
        "devices": list(DEVICES),
    }


@contextmanager
def _unnamed(data: bytes) -> Iterator[IO[bytes]]:
    """Open a temporary file with this content, which has no name."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file


def _messages(pipe: int) -> list[dict[str, Any]]:
    """Return what the stage reports before it becomes the program; nothing if it is late."""
    text, deadline = b"", time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while len(text) < LONGEST_REPORT and ready.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(pipe, LONGEST_REPORT)
            text += chunk
            if not chunk or text.endswith(END):
                return [json.loads(line) for line in text.removesuffix(END).splitlines()]
    return []
