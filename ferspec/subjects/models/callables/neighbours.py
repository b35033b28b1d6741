"""Find the modules of a callable's own folder that import statements name."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.subjects.models.callables.imports import SOURCE

LARGEST_SOURCE = 4 << 20


def neighbours(root: Path, files: Iterable[Path], folders: Collection[Path]) -> frozenset[Path]:
    """Return the modules below ``root`` that these modules import, and so on.

    Only modules in ``folders`` count. Imports inside functions count too, since they may run at any call.
    """
    waiting, found = [file for file in files if file.suffix == SOURCE], set()
    while waiting:
        for name in _imported(waiting.pop(), root):
            for file in (root / f"{name}{SOURCE}", root / name / f"__init__{SOURCE}"):
                if file not in found and file.parent in folders and file.is_file():
                    found.add(file)
                    waiting.append(file)
    return frozenset(found)


def _imported(file: Path, root: Path) -> Iterator[str]:
    """Yield the modules that a source file imports, and their packages, as paths below ``root``."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(read_bounded(file, LARGEST_SOURCE))
    except (UserError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the callable's process says what is wrong with a module that it needs
    package = file.relative_to(root).parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(tuple(alias.name.split(".")))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            for alias in node.names:
                yield from _with_packages((*module, alias.name))


def _with_packages(parts: tuple[str, ...]) -> Iterator[str]:
    return accumulate(parts, "{}/{}".format)
