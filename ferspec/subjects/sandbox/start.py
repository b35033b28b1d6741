"""Start a program in a sandbox."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import selectors
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from ferspec.subjects.sandbox.ending import new_mark
from ferspec.subjects.sandbox.environment import clean_environment
from ferspec.subjects.sandbox.filters import compiled_filter
from ferspec.subjects.sandbox.places import Places, places
from ferspec.subjects.sandbox.policy import Isolation, Policy
from ferspec.subjects.sandbox.running import Launched, Sandboxed
from ferspec.subjects.sandbox.scratch import WORK, Scratch
from ferspec.subjects.sandbox.spawning import spawn
from ferspec.subjects.sandbox.wrappers import NOTHING, SHARED_MEMORY, TOOLS, Wrapper, mounts, wrappers

__all__ = ["Sandboxed", "start"]

STAGE = Path(__file__).with_name("stage.py")
# seconds until the sandbox stands, on a busy machine
PATIENCE = 120.0
LONGEST_REPORT = 64 << 10
LIMITS = {"CORE": 0, "NOFILE": 4096, "FSIZE": 4 << 30}
LIMITED = ("memory", "processes", "files")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# what libraries read about the machine
ABOUT_THE_MACHINE = tuple(
    f"/proc/{name}"
    for name in ("cpuinfo", "meminfo", "stat", "version", "loadavg", "uptime", "filesystems", "sys/vm", "sys/kernel")
)


def start(
    words: Sequence[str],
    policy: Policy,
    environment: Mapping[str, str] | None = None,
    _tools: frozenset[str] = TOOLS,
) -> Sandboxed:
    """Start a program with a clean environment and an empty working folder, isolated by its policy.

    ``environment`` adds variables to the clean environment. Raise ``OSError`` if the program cannot be started.
    """
    program = _program(words[0], policy, environment)
    policy = replace(policy, readable=(*policy.readable, Path(program)))
    words = [program, *words[1:]]
    scratch = Scratch()
    try:
        if sys.platform != "linux":
            launched, isolation = _plain(words, policy, scratch, environment)
        else:
            launched, isolation = _staged(words, policy, scratch, environment, _tools)
    except BaseException:
        scratch.remove()
        raise
    return Sandboxed(launched, isolation, policy)


def _program(name: str, policy: Policy, environment: Mapping[str, str] | None) -> str:
    """Return the absolute path of a program, found as a shell finds it."""
    if os.path.dirname(name):
        return os.path.abspath(os.path.join(policy.folder or "", name))
    found = shutil.which(name, path=(environment or {}).get("PATH")) or shutil.which(name)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return os.path.abspath(found)


def _plain(
    words: Sequence[str], policy: Policy, scratch: Scratch, environment: Mapping[str, str] | None
) -> tuple[Launched, Isolation]:
    """Start a program where the system offers no isolation."""
    mark = new_mark()
    variables = clean_environment(scratch.folder, environment) | {mark: "1"}
    process = spawn(words, variables, policy.folder or scratch.folder / WORK)
    limits = tuple(name for name in LIMITED if name != "files")
    return Launched(process, mark, scratch), Isolation(files=False, network=False, processes=False, limits=limits)


def _staged(
    words: Sequence[str],
    policy: Policy,
    scratch: Scratch,
    environment: Mapping[str, str] | None,
    tools: frozenset[str],
) -> tuple[Launched, Isolation]:
    """Start a program in the strongest wrapper that works."""
    granted = places(policy)
    for wrapper in wrappers(tools):
        inside = Path("/tmp") if wrapper.own_files else scratch.folder
        mark = new_mark()
        variables = clean_environment(inside, environment) | {mark: "1"}
        config = _config(wrapper, policy, granted, scratch, tools)
        guarded = config["guard"] and wrapper is NOTHING
        config |= {"words": list(words), "environment": variables, "folder": str(policy.folder or inside / WORK)}
        with ExitStack() as opened:
            files = [opened.enter_context(_unnamed(json.dumps(config).encode()))]
            read, write = os.pipe()
            opened.callback(os.close, read)
            command = [*wrapper.words]
            if wrapper.own_files:
                files.append(opened.enter_context(_unnamed(mounts(granted, scratch.folder))))
                command += ["--args", str(files[-1].fileno())]
            command += ["--"] if command else []
            command += [sys.executable, "-I", "-S", str(STAGE), str(files[0].fileno()), str(write)]
            try:
                process = spawn(command, variables, None, [*(file.fileno() for file in files), write])
            finally:
                os.close(write)
            extra = wrapper.processes + config["guard"]
            launched = Launched(process, mark, scratch, extra, guarded)
            try:
                messages = _messages(read)
            except BaseException:
                _abandon(launched)
                raise
        if messages and "error" not in messages[-1]:
            (report,) = messages
            used = (*((wrapper.tool,) if wrapper.tool else ()), *report.pop("tools"))
            return launched, Isolation(**report, limits=LIMITED, tools=used)
        _abandon(launched)
        if messages:
            raise OSError(messages[-1]["errno"], messages[-1]["error"], words[0])
    raise OSError(errno.EAGAIN, "the process ended before it began", words[0])


def _config(
    wrapper: Wrapper, policy: Policy, granted: Places, scratch: Scratch, tools: frozenset[str]
) -> dict[str, Any]:
    """Return what the stage restricts."""
    instructions = compiled_filter(policy.may_start_processes) if "seccomp" in tools else None
    package = importlib.util.find_spec("landlock") if "landlock" in tools else None
    is_private = wrapper is not NOTHING
    inside = "/tmp" if wrapper.own_files else str(scratch.folder)
    about = ("/proc",) if wrapper.own_processes else ABOUT_THE_MACHINE
    landlock = {
        "packages": str(Path(package.origin).parents[1]) if package and package.origin else "",
        "readable": [*granted.granted, *about],
        "listed": ["/"] if wrapper.own_files else list(granted.listed),
        "writable": [inside, *(["/dev/shm"] if is_private else [])],
        "devices": list(DEVICES),
    }
    return {
        "judge": os.getpid(),
        "own_processes": wrapper.own_processes,
        "guard": wrapper.tool == "unshare" or (wrapper is NOTHING and (policy.may_start_processes or not instructions)),
        "mount_shared_memory": wrapper.tool == "unshare",
        "shared_memory": SHARED_MEMORY,
        "limits": LIMITS,
        "landlock": landlock if package else None,
        "reads_everywhere": os.geteuid() == 0 and not wrapper.own_users,
        "seccomp": instructions.hex() if instructions else "",
        "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in ("net", "pid")},
        "outside": str(scratch.outside),
    }


@contextmanager
def _unnamed(data: bytes) -> Iterator[IO[bytes]]:
    """Open a temporary file with this content, which has no name."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file


def _messages(pipe: int) -> list[dict[str, Any]]:
    """Return what the stage reports until it becomes the program. Raise ``OSError`` if it takes too long."""
    text, deadline = b"", time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while len(text) < LONGEST_REPORT:
            if not ready.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(errno.ETIMEDOUT, f"the sandbox does not stand after {PATIENCE:g} s")
            chunk = os.read(pipe, LONGEST_REPORT)
            if not chunk:
                break
            text += chunk
    return [json.loads(line) for line in text.splitlines()]


def _abandon(launched: Launched) -> None:
    """End a process that never became the program."""
    launched.kill()
    for stream in (launched.process.stdin, launched.process.stdout, launched.process.stderr):
        if stream is not None:
            stream.close()
