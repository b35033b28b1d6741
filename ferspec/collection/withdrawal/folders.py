"""Withdraws a picture from a set of class folders."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ferspec.collection.manifest import MANIFEST, SET, manifest_paths
from ferspec.collection.publication import correct_counts
from ferspec.collection.published import read_published
from ferspec.collection.tombstones import Tombstone, add_tombstones, withdrawn_digests
from ferspec.collection.withdrawal.lines import without_lines
from ferspec.collection.withdrawal.record import Withdrawal
from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.subjects.datasets.files import pictures_below
from ferspec.subjects.datasets.readers.open import open_splits

NO_POOL = "none: class folders have no pool of other pictures"


def withdraw_from_folders(folder: Path, given: Collection[str], progress: Progress = silent) -> Withdrawal:
    """Remove every file of a picture from class folders, and write its tombstone.

    ``given`` are digests of files or of pixels. ``UserError`` for another form of dataset, and where no file has one of
    the digests.
    """
    if not folder.is_dir():
        reason = "not a folder: unpack an archive first" if folder.exists() else "no such folder"
        raise UserError(f"{folder}: {reason}")
    if folder.resolve().name == SET and manifest_paths(folder.resolve().parent):
        raise UserError(
            f"{folder} is the set of a collection, whose next build would draw the picture again: "
            f"withdraw it from {folder.parent}"
        )
    form = next(iter(open_splits(folder).parts.values())).form
    if form != "class folders":
        raise UserError(
            f"{folder} is read as {form}: pictures are withdrawn from class folders, or from what build wrote"
        )
    pictures = pictures_below(folder, progress)
    faces = read_published(folder)
    wanted = frozenset(given).union(*(face.digests for face in faces if not face.digests.isdisjoint(given)))
    first = [one for one in pictures.values() if wanted & {one.file, one.pixels}]
    # other files of the same pixels are the same picture
    pixels = {one.pixels for one in first if one.pixels}
    found = {name: one for name, one in pictures.items() if one in first or one.pixels in pixels}
    listed = [face for face in faces if not face.digests.isdisjoint(wanted)]
    if not found and not listed:
        raise UserError(_unknown(folder, wanted))
    stones: list[Tombstone] = [(one.file, "file") for one in found.values()]
    stones += [(one.pixels, "pixels") for one in found.values() if one.pixels]
    add_tombstones(folder, stones)
    for name in found:
        (folder / name).unlink()
    digests = {digest for digest, _ in stones}.union(*({face.digest, face.pixels} for face in listed))
    lines = without_lines(folder / MANIFEST, digests) if faces else 0
    return Withdrawal(
        folder=str(folder),
        digests=tuple(sorted(digests)),
        files=tuple(found),
        lines=lines,
        replacement=NO_POOL,
        outdated=correct_counts(folder) if faces else (),
    )


def _unknown(folder: Path, wanted: frozenset[str]) -> str:
    if withdrawn_digests(folder) & wanted:
        return f"{folder}: the picture was withdrawn before"
    return (
        f"{folder}: no file is this picture: files and pixels are compared exactly; "
        "'ferspec dataset find' also finds changed copies"
    )
