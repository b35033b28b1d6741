"""Find out which files a callable reads, and limit it to these."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.models.callables.coverage import Coverage, coverage_of
from ferspec.subjects.models.callables.locate import Located
from ferspec.subjects.models.callables.neighbours import neighbours
from ferspec.subjects.models.callables.opened import CACHE, OpenedFiles, can_watch, own_folders
from ferspec.subjects.sandbox.python import ROOT, library_folders

MOST_FILES = 1000
MOST_REPEATS = 8
INIT = "__init__.py"


@dataclass(frozen=True)
class Covered:
    """Hold the files that a callable may read, and the digest that covers them."""

    located: Located
    files: tuple[Path, ...]
    complete: bool

    def coverage(self) -> Coverage:
        """Compute the digests of the files as they are now. Raise ``OSError`` for a missing one."""
        return coverage_of(self.located.root, self.files, self.complete)

    @property
    def readable(self) -> tuple[Path, ...]:
        """What the callable's process may read: these files, or all of its folder where its reads are unknown."""
        return self.files if self.complete else (self.located.root,)


def discover(located: Located, hidden: Sequence[Path], attempt: Callable[[], bool]) -> Covered:
    """Find the files that a callable reads in its own folder.

    It reads them while it is imported and answers its first batch; modules that it names in import statements count
    too, since they may be imported later. ``attempt`` runs it once, in a process that may read the whole folder, and
    returns whether that process could read nothing else. If further files are opened, it is called again until a call
    removes none of them, and only files opened in every call count, since another program may open others meanwhile.
    Of an installed package, every file counts. Where the system cannot watch or limit what is read, only the source
    file of the module counts. Raise ``UserError`` if the callable reads too many files.
    """
    if located.installed:
        return _installed(located)
    if not can_watch():
        return Covered(located, (located.source,), complete=False)
    if any(located.root.resolve().is_relative_to(path.resolve()) for path in hidden):
        raise UserError(f"{located.name} lies in {located.root}, which a model may not read: move it to another folder")
    environment = (Path(sys.prefix), Path(sys.base_prefix), *library_folders(), ROOT / "ferspec")
    folders = tuple(own_folders(located.root, (*environment, *hidden)))
    stated = _stated(located, folders)
    with OpenedFiles(folders) as opened:
        is_limited = attempt()
        files = opened.files()
        for _ in range(MOST_REPEATS):
            if not is_limited or files <= stated:
                break
            before = files
            attempt()
            files = before & opened.files()
            if files == before:
                break
    if not is_limited:
        return Covered(located, (located.source,), complete=False)
    files |= {located.source}
    files |= neighbours(located.root, files, frozenset(folders))
    files = frozenset(file for file in files if not _is_hidden(file, hidden))
    if len(files) > MOST_FILES:
        raise UserError(
            f"{located.name} reads {len(files):,} files of {located.root}: its digest covers at most {MOST_FILES:,}"
        )
    return Covered(located, tuple(sorted(files | set(_linked(folders, files)))), complete=True)


def _stated(located: Located, folders: Iterable[Path]) -> frozenset[Path]:
    """Return the module, its packages, and the modules that they import."""
    source, root = located.source, located.root
    packages = (folder / INIT for folder in source.parents if folder != root and folder.is_relative_to(root))
    files = {source, *packages}
    return neighbours(root, files, frozenset(folders)) | files


def _installed(located: Located) -> Covered:
    top = located.root / located.top
    inside = (path for path in top.rglob("*") if CACHE not in path.parts and path.is_file())
    files = tuple(islice(inside, MOST_FILES + 1)) if top.is_dir() else (located.source,)
    if len(files) > MOST_FILES:
        return Covered(located, (located.source,), complete=False)
    return Covered(located, tuple(sorted(files)), complete=True)


def _is_hidden(file: Path, hidden: Iterable[Path]) -> bool:
    return any(file.resolve().is_relative_to(path.resolve()) for path in hidden)


def _linked(folders: Iterable[Path], files: Iterable[Path]) -> Iterator[Path]:
    """Yield the paths that reach ``files`` through symbolic links in the folders."""
    targets = {file.resolve() for file in files}
    for folder in folders:
        with os.scandir(folder) as entries:
            links = [Path(entry.path) for entry in entries if entry.is_symlink()]
        for link in links:
            real = link.resolve()
            yield from (link / file.relative_to(real) for file in targets if file.is_relative_to(real))
