"""Wrap a program in namespaces of its own, with bubblewrap or unshare of util-linux."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ferspec.subjects.sandbox.places import Places

TOOLS = frozenset({"bwrap", "unshare", "landlock", "seccomp"})
SHARED_MEMORY = 2**30
TRIAL_SECONDS = 10
NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts")
UNSHARED = ("--mount", "--pid", "--mount-proc", "--net", "--ipc", "--uts")
BASE = ("--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib")
LIBRARIES = ("--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev")


@dataclass(frozen=True)
class Wrapper:
    """Describe how a program is started in namespaces.

    ``own_files`` says that only the granted files exist inside, with the scratch folder as ``/tmp``; ``own_processes``
    and ``own_users``, that there are namespaces of these. ``processes`` is how many the wrapper adds.
    """

    tool: str | None
    words: tuple[str, ...] = ()
    own_files: bool = False
    own_processes: bool = False
    own_users: bool = False
    processes: int = 0


NOTHING = Wrapper(None)


def wrappers(tools: frozenset[str]) -> list[Wrapper]:
    """Return the wrappers that work here, the strongest first, and last none."""
    found = []
    for tool, candidates in (("bwrap", _bubblewraps), ("unshare", _unshares)):
        if tool in tools and sys.platform == "linux":
            found += [wrapper for wrapper in candidates() if works(wrapper)][:1]
    return [*found, NOTHING]


@cache
def works(wrapper: Wrapper) -> bool:
    """Return whether a trivial program runs in a wrapper."""
    trial = (*BASE, *LIBRARIES) if wrapper.own_files else ()
    program = shutil.which("true") or "true"
    with suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(
            [*wrapper.words, *trial, "--", program], capture_output=True, timeout=TRIAL_SECONDS, check=False
        )
        return ended.returncode == 0
    return False


def _bubblewraps() -> list[Wrapper]:
    program = shutil.which("bwrap")
    if program is None:
        return []
    words = (program, *NAMESPACES, "--unshare-cgroup-try", "--die-with-parent")
    # an administrator reads what belongs to others only without a user namespace, which a container may not allow
    own_users = Wrapper("bwrap", (*words, "--unshare-user"), True, True, True, 2)
    return [Wrapper("bwrap", words, True, True, False, 2), own_users] if os.geteuid() == 0 else [own_users]


def _unshares() -> list[Wrapper]:
    unshare, setpriv = shutil.which("unshare"), shutil.which("setpriv")
    if unshare is None or setpriv is None:
        return []
    words = (setpriv, "--pdeathsig", "KILL", unshare, "--fork", "--kill-child=KILL", *UNSHARED)
    own_users = Wrapper("unshare", (*words, "--user", "--map-root-user"), False, True, True, 1)
    return [Wrapper("unshare", words, False, True, False, 1), own_users] if os.geteuid() == 0 else [own_users]


def mounts(places: Places, scratch: Path) -> bytes:
    """Return the arguments of bubblewrap that build a file system of what is granted."""
    words: list[str] = ["--proc", "/proc", "--dev", "/dev", "--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm"]
    words += ["--bind", str(scratch), "/tmp"]
    folders = tuple(f"{path}/" for path in places.bound)
    links = [(target, path) for path, target in sorted(places.links) if not path.startswith(folders)]
    words += [word for link in links for word in ("--symlink", *link)]
    words += [word for path in sorted(places.bound) for word in ("--ro-bind", path, path)]
    words += [word for path in places.masked for word in ("--perms", "0000", "--tmpfs", path, "--remount-ro", path)]
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return b"".join(os.fsencode(word) + b"\0" for word in words)
