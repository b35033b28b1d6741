"""Watch which files below a folder are opened, by any program and any library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from ferspec.errors import UserError

MOST_FOLDERS = 4096
CACHE = "__pycache__"
SKIPPED = frozenset({CACHE, ".git", ".hg", ".svn", "node_modules"})
# marks the folder of a virtual environment
ENVIRONMENT = "pyvenv.cfg"


def can_watch() -> bool:
    """Return whether this system can tell which files are opened."""
    return sys.platform == "linux"


def own_folders(root: Path, skipped: Iterable[Path]) -> Iterator[Path]:
    """Yield ``root`` and the folders below it, except ``skipped``, virtual environments, caches and repositories.

    Links to folders are not followed. Raise ``UserError`` for more than ``MOST_FOLDERS``.
    """
    left_out = {path.resolve() for path in skipped}
    count = 0
    for folder, names, files in os.walk(root):
        path = Path(folder)
        if path != root and (ENVIRONMENT in files or path.resolve() in left_out):
            names.clear()
            continue
        names[:] = sorted(name for name in names if name not in SKIPPED)
        count += 1
        if count > MOST_FOLDERS:
            raise UserError(
                f"{root} holds more than {MOST_FOLDERS:,} folders: move the callable to a folder of its own"
            )
        yield path


class OpenedFiles:
    """Collect the files that are opened in some folders while the context is open. Linux only."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._wanted = tuple(folders)
        self._folders: dict[int, Path] = {}
        self._inotify: Any = None

    def __enter__(self) -> OpenedFiles:
        from inotify_simple import INotify, flags

        try:
            self._inotify = INotify()
            for folder in self._wanted:
                self._folders[self._inotify.add_watch(folder, flags.OPEN | flags.ONLYDIR)] = folder
        except OSError as error:
            self.__exit__(None, None, None)
            raise UserError(f"the files that a callable opens cannot be watched: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._inotify is not None:
            self._inotify.close()

    def files(self) -> frozenset[Path]:
        """Return the regular files that were opened since the last call. Raise ``UserError`` if some were missed."""
        from inotify_simple import flags

        found = set()
        for event in self._inotify.read(timeout=0):
            if event.mask & flags.Q_OVERFLOW:
                raise UserError("the callable opens too many files to be watched: move what it reads into fewer files")
            if not event.mask & flags.ISDIR and event.wd in self._folders:
                found.add(self._folders[event.wd] / event.name)
        return frozenset(file for file in found if file.is_file())
