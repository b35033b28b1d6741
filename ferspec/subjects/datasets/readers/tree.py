"""What lies below a folder, and how a part of a dataset is recognised by the name of its folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.disk import require_utf8

LEFT_BY_SYSTEMS = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
TRAINING = frozenset({"train", "training"})
HELD_OUT = frozenset({"val", "valid", "validation", "test", "testing", "publictest", "privatetest"})


def levels(root: Path) -> Iterator[tuple[PurePosixPath, list[str], list[str]]]:
    """Yield every folder below ``root``, relative to it, with the names of its folders and files, sorted.

    Hidden files, and those that systems leave behind, are passed over; links are followed, but not back.
    """
    visited = set()
    for place, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not _passed_over(name))
        real = os.path.realpath(place)
        if real in visited:  # a link that leads back
            folders.clear()
            continue
        visited.add(real)
        here = PurePosixPath(Path(place).relative_to(root).as_posix())
        yield here, folders, sorted(name for name in files if not _passed_over(name))


def walk(root: Path) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yield every path below ``root``, relative to it, and whether it is a folder; folders before what they hold.

    ``UserError`` for a name that is not UTF-8.
    """
    for here, folders, files in levels(root):
        for name in (*folders, *files):
            require_utf8(here / name)
        yield from ((here / name, True) for name in folders)
        yield from ((here / name, False) for name in files)


def part_of(folder: PurePosixPath) -> PurePosixPath | None:
    """Return the folder of the part (train, test) that a folder is or lies in, if it does."""
    return next((around for around in (folder, *folder.parents) if _part_name(around) in TRAINING | HELD_OUT), None)


def is_training(part: PurePosixPath) -> bool:
    """Return whether the folder or file of a part is that of the training part, by its name."""
    return _part_name(part) in TRAINING


def fetch_files(
    paths: Sequence[Path], ids: Sequence[str], turned: bool = False
) -> Callable[[int], tuple[bytes, np.ndarray]]:
    """Return the ``fetch`` of a listing of image files, read as Keras' reader of folders does (FER-P-08).

    That one does not apply the EXIF orientation; ``turned`` is for those who want it applied.
    """

    def fetch(index: int) -> tuple[bytes, np.ndarray]:
        try:
            data = paths[index].read_bytes()
        except OSError as error:
            raise UserError(f"{ids[index]}: the file cannot be read ({error.strerror})") from error
        return data, decode(data, ids[index], turned)

    return fetch


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in LEFT_BY_SYSTEMS


def _part_name(path: PurePosixPath) -> str:
    return plain_name(path.name).removesuffix("set")
