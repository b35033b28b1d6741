"""Class folders: a folder for each class, at any depth, as downloads leave them."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import LabelOrder, plain_name
from ferspec.subjects.datasets.decode import SUFFIXES
from ferspec.subjects.datasets.readers.listing import Listing, Published
from ferspec.subjects.datasets.readers.tree import fetch_files, is_training, part_of, walk
from ferspec.subjects.disk import require_utf8

SHOWN = 3
NUMBERED = re.compile(r"^\d+[\s._-]+(?=\D)")
OUTSIDE = -1  # a class folder of an expression that the dataset has and the protocol leaves out


@dataclass(frozen=True)
class _Image:
    path: PurePosixPath
    folder: PurePosixPath
    label: int


@dataclass(frozen=True)
class _Found:
    """Everything below ``root``: images in class folders, images beside them, other files, and the class folders."""

    root: Path
    images: list[_Image]
    beside: list[PurePosixPath]
    others: list[PurePosixPath]
    folders: dict[PurePosixPath, int]

    @property
    def parents(self) -> list[PurePosixPath]:
        return sorted({folder.parent for folder in self.folders})


def read_folders(root: Path, turned: bool = True) -> Listing:
    """List the images under the class folders in ``root``; ids are paths from the folder that holds the class folders.

    A class folder bears any name of one of the seven classes, in any case, numbered or not (``0_Angry``), at any depth;
    its own subfolders belong to it. Hidden files and those that systems leave behind are passed over; files that are
    no images, and images beside the class folders, are noted. ``turned`` is whether the EXIF orientation is applied.

    ``UserError`` for a folder of images that is no class, a class folder without images, one class inside another,
    several parts (train, test) at once, no class folder at all, or a name that is not UTF-8.
    """
    found = _search(root, None)
    parts = sorted({part.as_posix() for parent in found.parents if (part := part_of(parent)) is not None})
    if len(parts) > 1:
        raise UserError(f"{root}: holds several parts ({', '.join(parts)}): give the folder of one of them")
    return _listing(found, found.images, turned=turned)


def read_folder_parts(root: Path, order: LabelOrder | None) -> Published:
    """List class folders as ``read_folders`` does, divided where they lie in the folders of parts (train, test).

    Folders that bear a number alone are read in ``order``, the dataset's own; an expression of it that is none of the
    seven classes is left out and noted. All that is not the training part is held out.

    ``UserError`` as ``read_folders`` says, and where a part is missing or some class folders lie in none.
    """
    found = _search(root, order)
    parts = {part_of(parent) for parent in found.parents}
    if parts == {None}:
        return Published(_listing(found, found.images, order))
    named = ", ".join(sorted(map(str, parts - {None})))
    if None in parts:
        raise UserError(f"{root}: some class folders lie in parts ({named}) and some in none: keep one or the other")
    if len({is_training(part) for part in parts}) == 1:
        missing = "a part to validate on (val, test)" if is_training(next(iter(parts))) else "a training part (train)"
        raise UserError(f"{root}: holds the part {named}, but not {missing}")
    training = [image for image in found.images if is_training(part_of(image.folder.parent))]
    held_out = [image for image in found.images if not is_training(part_of(image.folder.parent))]
    return Published(_listing(found, training, order), _listing(found, held_out, order))


def _search(root: Path, order: LabelOrder | None) -> _Found:
    require_utf8(root.resolve().name)
    found = _Found(root, [], [], [], {})
    for path, is_folder in walk(root):
        if is_folder:
            _add_class_folder(root, path, found.folders, order)
        elif path.suffix.lower() not in SUFFIXES:
            found.others.append(path)
        elif (folder := _around(path, found.folders)) is not None:
            found.images.append(_Image(path, folder, found.folders[folder]))
        else:
            found.beside.append(path)
    _refuse_unknown_folders(root, found.beside, found.folders, order)
    if not found.folders:
        raise UserError(_no_class_folders(root, found.beside))
    _refuse_empty_folders(root, found.images, found.folders)
    found.images.sort(key=lambda image: image.path.as_posix())
    return found


def _listing(found: _Found, images: Iterable[_Image], order: LabelOrder | None = None, turned: bool = False) -> Listing:
    base = PurePosixPath(posixpath.commonpath(found.parents))
    chosen = [image for image in images if image.label != OUTSIDE]
    ids = tuple(image.path.relative_to(base).as_posix() for image in chosen)
    labels = np.array([image.label for image in chosen], np.int64)
    fetch = fetch_files([found.root / image.path for image in chosen], ids, turned)
    return Listing("class folders", ids, labels, fetch, tuple(_notes(found, order)))


def _meaning(name: str, order: LabelOrder | None) -> int:
    """Return the class that the name of a folder means, or ``OUTSIDE``; ``UserError`` where it means none."""
    word = NUMBERED.sub("", name)
    if order is not None:
        word = order.class_of(int(name)) if name.isascii() and name.isdecimal() else word
        outside = spec.load().outside
        if plain_name(word) in outside and any(plain_name(known) in outside for known in order.classes):
            return OUTSIDE
    return spec.load().class_index(word)


def _class_of(name: str, order: LabelOrder | None) -> int | None:
    try:
        return _meaning(name, order)
    except UserError:
        return None


def _around(path: PurePosixPath, folders: dict[PurePosixPath, int]) -> PurePosixPath | None:
    return next((parent for parent in path.parents if parent in folders), None)


def _add_class_folder(
    root: Path, path: PurePosixPath, folders: dict[PurePosixPath, int], order: LabelOrder | None
) -> None:
    label, outer = _class_of(path.name, order), _around(path, folders)
    if label is None or (outer is not None and (folders[outer] == label or path.name.isdecimal())):
        return
    if outer is not None:
        raise UserError(f"{root / path}: this class folder lies inside that of another class: put them side by side")
    folders[path] = label


def _refuse_unknown_folders(
    root: Path, beside: list[PurePosixPath], folders: dict[PurePosixPath, int], order: LabelOrder | None
) -> None:
    """Images may lie beside class folders (a preview, a figure), but a folder of images must be a class."""
    around = {parent for folder in folders for parent in folder.parents}
    unknown = sorted({path.parent for path in beside} - around - {PurePosixPath(".")})
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        try:
            _meaning(unknown[0].name, order)
        except UserError as error:
            raise UserError(f"{root / unknown[0]}: {error}{more}") from None


def _no_class_folders(root: Path, beside: list[PurePosixPath]) -> str:
    wanted = f"expected folders named {', '.join(spec.load().classes)}"
    if beside and _class_of(root.resolve().name, None) is not None:
        return f"{root}: this is one class: give the folder above it"
    if beside:
        return f"{root}: images without class folders: {wanted}"
    return f"{root}: no class folders: {wanted}"


def _refuse_empty_folders(root: Path, images: list[_Image], folders: dict[PurePosixPath, int]) -> None:
    empty = sorted(folders.keys() - {image.folder for image in images})
    if empty:
        more = f" (and {len(empty) - 1} more)" if len(empty) > 1 else ""
        raise UserError(f"{root / empty[0]}: this class folder holds no images{more}: fill it or remove it")


def _notes(found: _Found, order: LabelOrder | None) -> Iterator[str]:
    parents = found.parents
    if len(parents) > 1:
        more = ", …" if len(parents) > SHOWN else ""
        yield f"class folders were joined from {len(parents)} places: {', '.join(map(str, parents[:SHOWN]))}{more}"
    if order is not None and any(folder.name.isdecimal() for folder in found.folders):
        meanings = ", ".join(f"{label} {name}" for label, name in enumerate(order.classes, order.first))
        yield f"numbered folders were read in the dataset's own order: {meanings}"
    outside = Counter(image.folder.name for image in found.images if image.label == OUTSIDE)
    if outside:
        listed = ", ".join(f"{count:,} in {name}" for name, count in sorted(outside.items()))
        yield f"images of none of the seven classes were left out: {listed}"
    if found.beside:
        yield f"images beside the class folders were left out: {len(found.beside):,} (such as {found.beside[0]})"
    if found.others:
        kinds = Counter(path.suffix.lower() or "no suffix" for path in found.others)
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield f"files that are no images of a known suffix were left out: {len(found.others):,} ({listed})"
