"""Walk a folder tree, and recognise splits by their folder names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.readers.listing import Decode, Fetch
from ferspec.subjects.disk import require_utf8

SYSTEM_FILES = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
TRAINING = frozenset({"train", "training"})
HELD_OUT = frozenset({"val", "valid", "validation", "test", "testing", "publictest", "privatetest"})


def levels(root: Path) -> Iterator[tuple[PurePosixPath, list[str], list[str]]]:
    """Yield every folder below ``root``, relative to it, with its sorted folder and file names.

    Skip hidden files and system files. Follow links, except those to a visited folder.
    """
    visited = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not _skipped(name))
        real = os.path.realpath(folder)
        if real in visited:  # a circular link
            folders.clear()
            continue
        visited.add(real)
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        yield relative, folders, sorted(name for name in files if not _skipped(name))


def walk(root: Path) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yield every path relative to ``root``, and whether it is a folder. Parents come first.

    Raise ``UserError`` for a name that is not UTF-8.
    """
    for folder, folders, files in levels(root):
        for name in (*folders, *files):
            require_utf8(folder / name)
        yield from ((folder / name, True) for name in folders)
        yield from ((folder / name, False) for name in files)


def split_of(folder: PurePosixPath) -> PurePosixPath | None:
    """Return the split folder (train, test) at or above ``folder``, or None."""
    return next((parent for parent in (folder, *folder.parents) if _part_name(parent) in TRAINING | HELD_OUT), None)


def is_training(part: PurePosixPath | None) -> bool:
    """Return whether a path names the training split; None does not."""
    return part is not None and _part_name(part) in TRAINING


def fetch_files(paths: Sequence[Path], ids: Sequence[str], turned: bool = False) -> Fetch:
    """Return the ``fetch`` function of a listing of image files.

    ``turned`` applies the EXIF orientation; Keras' ``flow_from_directory`` does not (FER-P-08).
    """

    def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
        try:
            data = paths[index].read_bytes()
        except OSError as error:
            raise UserError(f"{ids[index]}: the file cannot be read ({error.strerror})") from error
        return data, decode(data, ids[index], turned)

    return fetch


def _skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def _part_name(path: PurePosixPath) -> str:
    return plain_name(path.name).removesuffix("set")
