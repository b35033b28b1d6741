"""Find the source file of a callable's module without importing any part of it."""

from __future__ import annotations

import importlib
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import BYTECODE_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.sandbox.python import library_folders


@dataclass(frozen=True)
class Located:
    """Name a callable's module, its source file and the folder that it is imported from.

    ``root`` holds the module or its top package. ``installed`` says that it is a folder of installed packages or of
    Python's own modules, and ``first`` that Python searches it before these.
    """

    name: str
    source: Path
    root: Path
    installed: bool
    first: bool

    @property
    def top(self) -> str:
        """The name of the module or package that lies in ``root``."""
        return self.name.partition(".")[0]


def locate(reference: str) -> Located:
    """Find the module of ``package.module:callable`` on Python's path, then in the current folder.

    Raise ``UserError`` if there is no such module, or it has no source file.
    """
    name = reference.partition(":")[0]
    if name in sys.builtin_module_names:
        raise UserError(f"{reference}: {name} has no source file, from which a digest could be computed")
    # what was written a moment ago must be found
    importlib.invalidate_caches()
    folders = [Path(entry or ".").absolute() for entry in (*sys.path, ".")]
    source = _source(reference, name, folders)
    root = source.parents[name.count(".") + (source.stem == "__init__")]
    libraries = _libraries()
    positions = [folders.index(folder) for folder in folders if folder.resolve() in libraries]
    installed = root.resolve() in libraries
    first = root in folders and folders.index(root) < min(positions, default=len(folders))
    return Located(name, source, root, installed, first and not installed)


def _libraries() -> set[Path]:
    """Return the folders of installed packages and of Python's own modules."""
    own = {Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    return own | set(library_folders())


def _source(reference: str, name: str, folders: Sequence[Path]) -> Path:
    places: list[str] | None = [str(folder) for folder in folders]
    spec: ModuleSpec | None = None
    for part in name.split("."):
        # by its last name only: the finder of a dotted name would need its parents to be imported
        spec = None if places is None else PathFinder.find_spec(part, places)
        if spec is None:
            raise UserError(f"{reference}: there is no module {name!r} on Python's path or in this folder")
        places = None if spec.submodule_search_locations is None else list(spec.submodule_search_locations)
    origin = None if spec is None or not spec.has_location else spec.origin
    if origin is None or not Path(origin).is_file() or origin.endswith(tuple(BYTECODE_SUFFIXES)):
        raise UserError(f"{reference}: {name} has no source file, from which a digest could be computed")
    return Path(origin).absolute()
