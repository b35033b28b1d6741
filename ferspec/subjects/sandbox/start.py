"""Start a program in a sandbox."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferspec.subjects.sandbox.ending import new_mark
from ferspec.subjects.sandbox.environment import clean_environment
from ferspec.subjects.sandbox.policy import Isolation, Policy
from ferspec.subjects.sandbox.running import Launched, Sandboxed
from ferspec.subjects.sandbox.scratch import WORK, Scratch
from ferspec.subjects.sandbox.spawning import spawn
from ferspec.subjects.sandbox.staging import staged
from ferspec.subjects.sandbox.wrappers import TOOLS

__all__ = ["Sandboxed", "start"]

LIMITED_EVERYWHERE = ("memory", "processes")


def start(
    words: Sequence[str],
    policy: Policy,
    environment: Mapping[str, str] | None = None,
    _tools: frozenset[str] = TOOLS,
) -> Sandboxed:
    """Start a program in a sandbox, with a clean environment and an empty working folder.

    The policy says what it may read and use; ``environment`` adds variables to the clean environment. Raise ``OSError``
    if the program cannot be started.
    """
    program = _program(words[0], policy, environment)
    policy = replace(policy, readable=(*policy.readable, Path(program)))
    words = [program, *words[1:]]
    scratch = Scratch()
    try:
        if sys.platform == "linux":
            launched, isolation = staged(words, policy, scratch, environment, _tools)
        else:
            launched, isolation = _plain(words, policy, scratch, environment)
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
    isolation = Isolation(files=False, network=False, processes=False, limits=LIMITED_EVERYWHERE)
    return Launched(process, mark, scratch), isolation
