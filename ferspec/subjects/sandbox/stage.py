"""Restrict this process, report what was enforced, and become the program.

``python -I -S stage.py FD STATUS IN OUT ERR`` runs this file as a script in the sandbox, on Linux only. It imports
nothing of ferspec, so that it starts fast. ``FD`` holds the configuration as JSON; a report as JSON is written to
``STATUS``, which is closed when the program starts. The last three become the standard streams.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

SET_PARENT_DEATH_SIGNAL, SET_SECCOMP, DROP_FROM_BOUNDING, SET_NO_NEW_PRIVILEGES = 1, 22, 24, 38
SET_CHILD_SUBREAPER, AMBIENT, CLEAR_AMBIENT, SECCOMP_FILTER = 36, 47, 4, 2
CAPABILITY_VERSION, MOST_CAPABILITIES, READ_EVERYWHERE = 0x20080522, 64, 2
CREATE_RULESET, RESTRICT_SELF = 444, 446
# versions of Landlock that know TCP, and abstract sockets and signals
ABI_TCP, ABI_SCOPES = 4, 6
BIND_AND_CONNECT, SOCKETS_AND_SIGNALS = 3, 3
NOSUID_NODEV = 2 | 4
KILLED_BY = 128
END = b"end\n"
PAUSE = 0.005

libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    """Hold the instructions of a seccomp filter, as the kernel reads them."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


class Scopes(ctypes.Structure):
    """Name the actions beside files that Landlock denies; the package ``landlock`` knows files only."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


def main(config_file: int, status: int, *streams: int) -> None:
    """Prepare this process by its configuration, report, and become the program."""
    with os.fdopen(config_file, "rb") as file:
        config = json.loads(file.read())
    os.set_inheritable(status, False)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    try:
        parent, status = guard(status) if config["guard"] else (config["judge"], status)
        report = restrict(config)
        if os.getppid() != parent and not config["own_processes"]:
            os._exit(1)
        write(status, report)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execve(config["words"][0], config["words"], config["environment"])
    except OSError as error:
        write(status, {"errno": error.errno, "error": error.strerror})
        os._exit(1)


def write(status: int, message: dict[str, Any]) -> None:
    """Write a message to the judge."""
    os.write(status, json.dumps(message).encode() + b"\n")


def restrict(config: dict[str, Any]) -> dict[str, Any]:
    """Give up every unneeded right, and return what a trial shows to be enforced."""
    tools = []
    if config["shared_memory"]:
        size = f"size={config['shared_memory']},mode=1777".encode()
        libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", NOSUID_NODEV, size)
    limit(config["limits"])
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        # where memory is short, the system ends this process before others
        file.write("1000")
    os.chdir(config["folder"])
    libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if config["landlock"] is not None:
        tools += restrict_files(config["landlock"])
    drop_capabilities({READ_EVERYWHERE} if config["reads_everywhere"] and config["seccomp"] else set())
    if config["seccomp"] and load_filter(bytes.fromhex(config["seccomp"])):
        tools.append("seccomp")
    libc.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    own = {name: os.readlink(f"/proc/self/ns/{name}") != there for name, there in config["namespaces"].items()}
    return {
        "tools": tools,
        "files": all(is_closed(config["outside"], mode) for mode in (os.O_RDONLY, os.O_WRONLY)),
        # a socket with a name in the file system works across network namespaces
        "network": has_no_sockets() or (own["net"] and config["own_files"]),
        "processes": own["pid"] or ("seccomp" in tools and is_out_of_reach(config["judge"])),
    }


def guard(status: int) -> tuple[int, int]:
    """Fork, and return in the child the parent's id and where to report.

    The parent passes the report on, waits for the child, ends all its descendants, and mirrors its exit status.
    Descendants whose parent ends become children of the guard, so that none escapes.
    """
    libc.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getpid()
    # closed when the program starts, while a wrapper may keep the other one open
    read, report = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.close(status)
        return parent, report
    os.close(report)
    for number in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    signal.signal(signal.SIGTERM, lambda number, frame: end_descendants(KILLED_BY + number))
    libc.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    with os.fdopen(read, "rb") as messages:
        os.write(status, messages.read() + END)
    os.close(status)
    while True:
        ended, code = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(code)
            end_descendants(code if code >= 0 else KILLED_BY - code)


def end_descendants(code: int) -> NoReturn:
    """Kill every descendant of this process, and exit."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(ChildProcessError):
        while True:
            for process in descendants(os.getpid()):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(PAUSE)
    os._exit(code)


def descendants(root: int) -> list[int]:
    """Return the ids of the processes that descend from one."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    found, level = [], [root]
    while level:
        level = [child for parent in level for child in children.get(parent, ())]
        found += level
    return found


def limit(limits: dict[str, int]) -> None:
    """Set limits of resources, such as ``{"NOFILE": 1024}``, where they are lower than the present ones."""
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (lowest, lowest))


def drop_capabilities(kept: set[int]) -> None:
    """Give up the rights of an administrator but the ``kept`` ones, for good."""
    libc.prctl(AMBIENT, CLEAR_AMBIENT, 0, 0, 0)
    for capability in range(MOST_CAPABILITIES):
        if capability not in kept:
            libc.prctl(DROP_FROM_BOUNDING, capability, 0, 0, 0)
    header, rights = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, rights)
    # effective and permitted; the third is inheritable
    rights[0] = rights[1] = rights[1] & sum(1 << capability for capability in kept)
    rights[2:] = [0, 0, 0, 0]
    if libc.capset(header, rights):
        raise OSError(ctypes.get_errno(), "cannot give up the rights of an administrator")


def restrict_files(rules: dict[str, Any]) -> list[str]:
    """Allow the given files only, no TCP, no signals and abstract sockets of others."""
    sys.path.append(rules["packages"])
    import landlock
    from landlock import FSAccess

    ctypes.set_errno(0)
    try:
        version = landlock.landlock_abi_version()
    except OSError:
        return []
    every = FSAccess.all()
    ruleset = landlock.Ruleset(every)
    read = FSAccess.READ_FILE | FSAccess.EXECUTE
    written = every & ~(FSAccess.MAKE_CHAR | FSAccess.MAKE_BLOCK | FSAccess.MAKE_SOCK)
    own = [f"/proc/{os.getpid()}"]
    for access, paths in (
        (read | FSAccess.READ_DIR, [*rules["readable"], *own]),
        (FSAccess.READ_DIR, rules["listed"]),
        (written, rules["writable"]),
        (read | FSAccess.WRITE_FILE, rules["devices"]),
    ):
        for path in paths:
            with suppress(OSError):  # what is not there or out of reach needs no permission
                ruleset.allow(path, rules=access if os.path.isdir(path) else access & FSAccess.all_file())
    ruleset.apply()
    if version >= ABI_TCP:
        restrict_scopes(version)
    return ["landlock"]


def restrict_scopes(version: int) -> None:
    """Deny TCP, and where Landlock knows them, abstract sockets and signals to processes outside."""
    scopes = Scopes(0, BIND_AND_CONNECT, SOCKETS_AND_SIGNALS)
    size = ctypes.sizeof(scopes) if version >= ABI_SCOPES else Scopes.scopes.offset
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(scopes), ctypes.c_size_t(size), 0)
    if ruleset >= 0:
        libc.syscall(RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def load_filter(instructions: bytes) -> bool:
    """Filter the system calls of this process, and return whether the kernel accepted the filter."""
    program = Program(len(instructions) // 8, instructions)
    return libc.prctl(SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(program), 0, 0) == 0


def is_closed(path: str, mode: int) -> bool:
    """Return whether a file of the judge cannot be opened."""
    try:
        os.close(os.open(path, mode))
    except OSError:
        return True
    return False


def has_no_sockets() -> bool:
    """Return whether no kind of socket can be made."""
    import socket

    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
        with suppress(PermissionError):
            socket.socket(family).close()
            return False
    return True


def is_out_of_reach(process: int) -> bool:
    """Return whether a process of the same user can be neither seen nor signalled."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return is_closed(f"/proc/{process}/stat", os.O_RDONLY)
    except ProcessLookupError:
        return True
    return False


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
