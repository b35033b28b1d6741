"""Class folders: a folder for each class, at any depth, as downloads leave them."""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.images import SUFFIXES, decode
from ferspec.subjects.readers.listing import Listing

LEFT_BY_SYSTEMS = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "publictest", "privatetest"})
SHOWN = 3
NUMBERED = re.compile(r"^\d+[\s._-]+(?=\D)")


@dataclass(frozen=True)
class _Image:
    path: PurePosixPath
    folder: PurePosixPath
    label: int


def read_folders(root: Path) -> Listing:
    """List the images under the class folders in ``root``; ids are paths from the folder that holds the class folders.

    A class folder bears any name of one of the seven classes, in any case, numbered or not (``0_Angry``), at any depth;
    its own subfolders belong to it. Hidden files and those that systems leave behind are passed over; files that are
    no images, and images beside the class folders, are noted.

    ``UserError`` for a folder of images that is no class, a class folder without images, one class inside another,
    several parts (train, test) at once, no class folder at all, or a name that is not UTF-8.
    """
    require_utf8(root.resolve().name)
    images: list[_Image] = []
    beside: list[PurePosixPath] = []
    others: list[PurePosixPath] = []
    folders: dict[PurePosixPath, int] = {}
    for path, is_folder in _walk(root):
        if is_folder:
            _add_class_folder(root, path, folders)
        elif path.suffix.lower() not in SUFFIXES:
            others.append(path)
        elif (folder := _around(path, folders)) is not None:
            images.append(_Image(path, folder, folders[folder]))
        else:
            beside.append(path)
    _refuse_unknown_folders(root, beside, folders)
    if not folders:
        raise UserError(_no_class_folders(root, beside))
    _refuse_empty_folders(root, images, folders)
    parents = sorted({folder.parent for folder in folders})
    _refuse_several_parts(root, parents)
    base = PurePosixPath(posixpath.commonpath(parents))
    images.sort(key=lambda image: image.path.as_posix())
    paths = [root / image.path for image in images]
    ids = tuple(image.path.relative_to(base).as_posix() for image in images)

    def fetch(index: int) -> tuple[bytes, np.ndarray]:
        try:
            data = paths[index].read_bytes()
        except OSError as error:
            raise UserError(f"{ids[index]}: the file cannot be read ({error.strerror})") from error
        return data, decode(data, ids[index])

    labels = np.array([image.label for image in images], np.int64)
    return Listing("class folders", ids, labels, fetch, tuple(_notes(parents, beside, others)))


def _walk(root: Path) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yield every path under ``root``, relative to it, and whether it is a folder; folders before what they hold."""
    visited = set()
    for place, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not _passed_over(name))
        real = os.path.realpath(place)
        if real in visited:  # a link that leads back
            folders.clear()
            continue
        visited.add(real)
        here = PurePosixPath(Path(place).relative_to(root).as_posix())
        for name in (*folders, *files):
            require_utf8(here / name)
        yield from ((here / name, True) for name in folders)
        yield from ((here / name, False) for name in sorted(files) if not _passed_over(name))


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in LEFT_BY_SYSTEMS


def _class_of(name: str) -> int | None:
    try:
        return spec.load().class_index(NUMBERED.sub("", name))
    except UserError:
        return None


def _around(path: PurePosixPath, folders: dict[PurePosixPath, int]) -> PurePosixPath | None:
    return next((parent for parent in path.parents if parent in folders), None)


def _add_class_folder(root: Path, path: PurePosixPath, folders: dict[PurePosixPath, int]) -> None:
    label, outer = _class_of(path.name), _around(path, folders)
    if label is None or (outer is not None and folders[outer] == label):
        return
    if outer is not None:
        raise UserError(f"{root / path}: this class folder lies inside that of another class: put them side by side")
    folders[path] = label


def _refuse_unknown_folders(root: Path, beside: list[PurePosixPath], folders: dict[PurePosixPath, int]) -> None:
    """Images may lie beside class folders (a preview, a figure), but a folder of images must be a class."""
    around = {parent for folder in folders for parent in folder.parents}
    unknown = sorted({path.parent for path in beside} - around - {PurePosixPath(".")})
    if unknown:
        name = NUMBERED.sub("", unknown[0].name)
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        try:
            spec.load().class_index(name)
        except UserError as error:
            raise UserError(f"{root / unknown[0]}: {error}{more}") from None


def _no_class_folders(root: Path, beside: list[PurePosixPath]) -> str:
    wanted = f"expected folders named {', '.join(spec.load().classes)}"
    if beside and _class_of(root.resolve().name) is not None:
        return f"{root}: this is one class: give the folder above it"
    if beside:
        return f"{root}: images without class folders: {wanted}"
    return f"{root}: no class folders: {wanted}"


def _refuse_empty_folders(root: Path, images: list[_Image], folders: dict[PurePosixPath, int]) -> None:
    empty = sorted(folders.keys() - {image.folder for image in images})
    if empty:
        more = f" (and {len(empty) - 1} more)" if len(empty) > 1 else ""
        raise UserError(f"{root / empty[0]}: this class folder holds no images{more}: fill it or remove it")


def _refuse_several_parts(root: Path, parents: list[PurePosixPath]) -> None:
    parts = sorted({part.as_posix() for parent in parents if (part := _part(parent)) is not None})
    if len(parts) > 1:
        raise UserError(f"{root}: holds several parts ({', '.join(parts)}): give the folder of one of them")


def _part(parent: PurePosixPath) -> PurePosixPath | None:
    """Return the folder of the part (train, test) that class folders belong to, if they belong to one."""
    return next((folder for folder in (parent, *parent.parents) if folder.name.lower() in SPLITS), None)


def _notes(parents: list[PurePosixPath], beside: list[PurePosixPath], others: list[PurePosixPath]) -> Iterator[str]:
    if len(parents) > 1:
        more = ", …" if len(parents) > SHOWN else ""
        yield f"class folders were joined from {len(parents)} places: {', '.join(map(str, parents[:SHOWN]))}{more}"
    if beside:
        yield f"images beside the class folders were left out: {len(beside):,} (such as {beside[0]})"
    if others:
        kinds = Counter(path.suffix.lower() or "no suffix" for path in others)
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield f"files that are no images of a known suffix were left out: {len(others):,} ({listed})"
