"""Writes the pictures of a dataset into a new folder for each class."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.subjects.datasets.kinds import READ, kind_of
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.disk import FULL

# characters that no file system refuses; letters of any alphabet are kept
KEPT = frozenset(" .-_()+,@=")
LONGEST_NAME = 120
SUFFIXES = {"JPEG": ".jpg", "TIFF": ".tif", "PPM": ".ppm", "JPEG2000": ".jp2"}
UNDECODED = np.empty((0, 0, 3), np.uint8)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target``, which gets its name at the end; an error removes it.

    What an interrupted run left is replaced. ``UserError`` where ``target`` holds something, or where the disk is full
    or cannot be written to.
    """
    require_new(target)
    temporary = target.parent / f".{target.name}.incomplete"
    try:
        with parents_made(target):
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            try:
                yield temporary
                os.replace(temporary, target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        reason = "the disk is full" if error.errno in FULL else error.strerror or str(error)
        raise UserError(f"{target} cannot be written ({reason}): nothing was kept") from None


@contextmanager
def parents_made(target: Path) -> Iterator[None]:
    """Make the folders above a path; an error inside the context removes those that were made."""
    absent = [parent for parent in target.parents if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # another process may use them meanwhile
            for parent in absent:
                parent.rmdir()
        raise


def require_new(target: Path) -> None:
    """Raise ``UserError`` if a path exists, and is not an empty folder."""
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise UserError(f"{target} already exists: remove it, or choose another --out")


def place(listing: Listing, folder: Path, largest: int, progress: Progress = silent) -> None:
    """Write every picture of a listing into the folder of its class, without decoding it.

    Files keep their bytes and names, as far as a name is one on every system; pixels without a file are written as PNG.
    ``UserError`` for a file that is not a picture or has more than ``largest`` bytes.
    """
    classes = spec.load().classes
    taken: set[tuple[str, str]] = set()
    for name in classes:
        (folder / name).mkdir()
    for index, id in enumerate(listing.ids):
        content, suffix = _stored(listing, index, largest)
        label = classes[listing.labels[index]]
        name = _free(safe_name(PurePosixPath(id).name, suffix), label, taken)
        (folder / label / name).write_bytes(content)
        progress("extracting", index + 1, len(listing))


def safe_name(name: str, suffix: str) -> str:
    """Return a file name with its suffix, without separators and characters that some systems refuse."""
    kept = "".join(one if one.isalnum() or one in KEPT else "_" for one in name).strip(" .")
    stem, own = os.path.splitext(kept)
    ending = own if own.lower().lstrip(".") in {"jpg", "jpeg", suffix.lstrip(".")} else suffix
    stem = kept.removesuffix(own) if ending == own else kept
    return f"{stem[:LONGEST_NAME] or '_'}{ending}"


def _stored(listing: Listing, index: int, largest: int) -> tuple[bytes, str]:
    """Return the bytes to write, and the suffix of their kind."""
    data, pixels = listing.fetch(index, lambda data, name, turned: UNDECODED)
    if pixels is not UNDECODED:
        return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes(), ".png"
    if len(data) > largest:
        raise UserError(f"{listing.ids[index]}: {len(data):,} bytes are too large for a picture of this dataset")
    kind = kind_of(data)
    if kind not in READ:
        raise UserError(f"{listing.ids[index]}: not a picture that is read")
    return data, SUFFIXES.get(kind, f".{kind.lower()}")


def _free(name: str, label: str, taken: set[tuple[str, str]]) -> str:
    """Return a name that no other picture of the class has; case is ignored."""
    stem, suffix = os.path.splitext(name)
    number, free = 1, name
    while (label, free.lower()) in taken:
        number += 1
        free = f"{stem}-{number}{suffix}"
    taken.add((label, free.lower()))
    return free
