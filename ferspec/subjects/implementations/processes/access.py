"""Decide what the process of an implementation may read, and which variables it gets."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path

from ferspec.subjects.implementations.processes.host import is_reference
from ferspec.subjects.sandbox.environment import PATH
from ferspec.subjects.sandbox.places import PACKAGE, SYSTEM
from ferspec.subjects.sandbox.policy import Policy

# the parts of ferspec that answer the questions that an implementation is asked
ANSWERS = ("implementation", "reference", "spec/data")
PROGRAMS = "bin"


@dataclass(frozen=True)
class Access:
    """Hold what a process may read, and its variables.

    ``reference`` is the module of ferspec's own reference that it is, or None.
    """

    policy: Policy
    environment: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None


def command_access(words: Sequence[str]) -> Access:
    """Let a command read its files, its program's installation, and the current folder."""
    files = tuple(path.absolute() for word in words[1:] if (path := Path(word)).exists())
    program = shutil.which(words[0])
    folders = tuple(_installation(program)) if program else ()
    search = os.pathsep.join([os.path.dirname(os.path.abspath(program)), PATH]) if program else PATH
    return Access(_policy(*files, *folders), {"PATH": search})


def module_access(words: Sequence[str], reference: str) -> Access:
    """Let a Python module import what this process can, but no answers of ferspec."""
    module = reference.partition(":")[0]
    entries = [entry or str(Path.cwd()) for entry in sys.path]
    environment = {"PYTHONPATH": os.pathsep.join(entries)}
    if is_reference(module):
        policy = Policy((Path.cwd(),), (), Path.cwd(), may_start_processes=True, trusted=True)
        return Access(policy, environment, module)
    importable = [path for path in map(Path, entries) if path.resolve() != PACKAGE.parent]
    return Access(_policy(*importable, *_package(module)), environment)


def _policy(*readable: Path) -> Policy:
    folder = Path.cwd()
    # an environment may hold other copies of this package
    copies = [PACKAGE, *(Path(entry) / PACKAGE.name for entry in sys.path)]
    hidden = tuple(path for copy in copies for name in ANSWERS if (path := copy / name).is_dir())
    return Policy((folder, *readable), hidden, folder, may_start_processes=True)


def _package(module: str) -> Iterator[Path]:
    """Yield where a package that is installed as editable lies, without importing it."""
    name = module.partition(".")[0]
    for finder in sys.meta_path:
        if finder is not PathFinder and (spec := finder.find_spec(name, None)) is not None:
            yield from map(Path, spec.submodule_search_locations or [])


def _installation(program: str) -> Iterator[Path]:
    """Yield where a program is installed outside the system's folders, such as ``~/node/v20``."""
    real = Path(os.path.realpath(program))
    if real.parent.name == PROGRAMS and not any(real.is_relative_to(folder) for folder in SYSTEM):
        yield real.parent.parent
