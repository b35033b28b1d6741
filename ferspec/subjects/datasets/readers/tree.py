"""Walk a folder tree, and recognise splits by their folder names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.readers.listing import Decode, Fetch
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.examples import first_few

SYSTEM_FILES = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
TRAINING = frozenset({"train", "training"})
# a photograph of the most pixels that are decoded, stored without loss
LARGEST_IMAGE = 80 << 20
# the deepest distribution that we know has 4 levels
MOST_LEVELS = 32
HELD_OUT = frozenset({"val", "valid", "validation", "test", "testing", "publictest", "privatetest"})


def levels(root: Path) -> Iterator[tuple[PurePosixPath, list[str], list[str]]]:
    """Yield every folder below ``root``, relative to it, with its sorted folder and file names.

    Skip hidden files and system files. Follow links within ``root``, except those to a visited folder. Raise
    ``UserError``, at the end, for links that lead out of ``root``: their number is known then, and nothing was read.
    """
    visited, boundary = set(), os.path.realpath(root)
    outside: list[Path] = []
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not _skipped(name))
        names = sorted(name for name in files if not _skipped(name))
        real = os.path.realpath(folder)
        if real in visited:  # a circular link
            folders.clear()
            continue
        visited.add(real)
        leading = [Path(folder, name) for name in (*folders, *names) if _leads_out(Path(folder, name), boundary)]
        outside += leading
        folders[:] = [name for name in folders if Path(folder, name) not in leading]
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        if len(relative.parts) > MOST_LEVELS:
            raise UserError(f"{root}: folders are nested more than {MOST_LEVELS} levels deep")
        yield relative, folders, names
    _refuse_links(root, outside)


def require_inside(root: Path, paths: Sequence[Path]) -> None:
    """Raise ``UserError`` if links lead from the files of a table out of ``root``."""
    boundary = os.path.realpath(root)
    parents = {parent: _is_inside(os.path.realpath(parent), boundary) for parent in {path.parent for path in paths}}
    _refuse_links(root, [path for path in paths if not parents[path.parent] or _leads_out(path, boundary)])


def _leads_out(path: Path, boundary: str) -> bool:
    return os.path.islink(path) and not _is_inside(os.path.realpath(path), boundary)


def _is_inside(path: str, boundary: str) -> bool:
    return path == boundary or path.startswith(boundary.rstrip(os.sep) + os.sep)


def _refuse_links(root: Path, outside: Sequence[Path]) -> None:
    if outside:
        raise UserError(
            f"{root} holds links that lead out of it: {len(outside):,} ({first_few(outside)}): copy the files "
            "that they lead to, or give the folder that holds those"
        )


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
        data = read_bounded(paths[index], LARGEST_IMAGE, "an image", ids[index])
        return data, decode(data, ids[index], turned)

    return fetch


def _skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def _part_name(path: PurePosixPath) -> str:
    return plain_name(path.name).removesuffix("set")
