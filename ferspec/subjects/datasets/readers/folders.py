"""Read class folders: one folder per class, at any depth."""

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
from ferspec.subjects.datasets.readers.listing import Listing, PublishedDataset
from ferspec.subjects.datasets.readers.tree import fetch_files, is_training, split_of, walk
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.examples import first_few

NUMBERED = re.compile(r"^\d+[\s._-]+(?=\D)")
OUTSIDE = -1  # the label of a class folder for an expression outside the protocol


@dataclass(frozen=True)
class _Image:
    path: PurePosixPath
    folder: PurePosixPath
    label: int


@dataclass(frozen=True)
class _Tree:
    """Hold the files below ``root`` and the label of each class folder."""

    root: Path
    images: list[_Image]
    stray_images: list[PurePosixPath]
    other_files: list[PurePosixPath]
    folders: dict[PurePosixPath, int]

    @property
    def parents(self) -> list[PurePosixPath]:
        return sorted({folder.parent for folder in self.folders})


def read_folders(root: Path, turned: bool = True) -> Listing:
    """List the images in the class folders of ``root``. Ids are paths below the parent of the class folders.

    A class folder has any name of a class, in any case, with or without a number (``0_Angry``), at any depth; it
    includes its subfolders. Hidden files and system files are ignored; other files, and images outside class folders,
    are noted. ``turned`` applies the EXIF orientation.

    Raise ``UserError`` for a folder of images with an unknown name, an empty class folder, a class folder inside
    another, several splits (train, test), no class folder, or a name that is not UTF-8.
    """
    tree = _search(root, None)
    parts = sorted({part.as_posix() for parent in tree.parents if (part := split_of(parent)) is not None})
    if len(parts) > 1:
        raise UserError(f"{root}: holds several splits ({', '.join(parts)}): give the folder of one of them")
    return _listing(tree, tree.images, turned=turned)


def read_folder_splits(root: Path, order: LabelOrder | None) -> PublishedDataset:
    """List class folders as ``read_folders`` does, divided by the folders of splits (train, test).

    Numeric folder names are labels of ``order``, the dataset's own; expressions outside the seven classes are skipped
    and noted. Every split except training is held out.

    Raise ``UserError`` as ``read_folders`` does, for a missing split, and for class folders outside the splits.
    """
    tree = _search(root, order)
    parts = {split_of(parent) for parent in tree.parents}
    if parts == {None}:
        return PublishedDataset(_listing(tree, tree.images, order))
    named = ", ".join(sorted(map(str, parts - {None})))
    if None in parts:
        raise UserError(f"{root}: some class folders are in splits ({named}) and others are not: keep one kind")
    if len({is_training(part) for part in parts}) == 1:
        missing = "a validation split (val, test)" if is_training(next(iter(parts))) else "a training split (train)"
        raise UserError(f"{root}: holds the split {named}, but not {missing}")
    training = [image for image in tree.images if is_training(split_of(image.folder.parent))]
    held_out = [image for image in tree.images if not is_training(split_of(image.folder.parent))]
    return PublishedDataset(_listing(tree, training, order), _listing(tree, held_out, order))


def _search(root: Path, order: LabelOrder | None) -> _Tree:
    require_utf8(root.resolve().name)
    tree = _Tree(root, [], [], [], {})
    for path, is_folder in walk(root):
        if is_folder:
            _add_class_folder(tree, path, order)
        elif path.suffix.lower() not in SUFFIXES:
            tree.other_files.append(path)
        elif (folder := _class_folder(path, tree.folders)) is not None:
            tree.images.append(_Image(path, folder, tree.folders[folder]))
        else:
            tree.stray_images.append(path)
    _refuse_unknown_folders(tree, order)
    if not tree.folders:
        raise UserError(_no_class_folders(tree))
    _refuse_empty_folders(tree)
    tree.images.sort(key=lambda image: image.path.as_posix())
    return tree


def _listing(tree: _Tree, images: Iterable[_Image], order: LabelOrder | None = None, turned: bool = False) -> Listing:
    base = PurePosixPath(posixpath.commonpath(tree.parents))
    chosen = [image for image in images if image.label != OUTSIDE]
    ids = tuple(image.path.relative_to(base).as_posix() for image in chosen)
    labels = np.array([image.label for image in chosen], np.int64)
    fetch = fetch_files([tree.root / image.path for image in chosen], ids, turned)
    return Listing("class folders", ids, labels, fetch, tuple(_notes(tree, order)))


def _label(name: str, order: LabelOrder | None) -> int:
    """Return the class of a folder name, or ``OUTSIDE``. Raise ``UserError`` for an unknown name."""
    word = NUMBERED.sub("", name)
    if order is not None:
        word = order.class_of(int(name)) if name.isascii() and name.isdecimal() else word
        outside = spec.load().outside
        if plain_name(word) in outside and any(plain_name(known) in outside for known in order.classes):
            return OUTSIDE
    return spec.load().class_index(word)


def _label_or_none(name: str, order: LabelOrder | None) -> int | None:
    try:
        return _label(name, order)
    except UserError:
        return None


def _class_folder(path: PurePosixPath, folders: dict[PurePosixPath, int]) -> PurePosixPath | None:
    """Return the innermost class folder that contains a path, or None."""
    return next((parent for parent in path.parents if parent in folders), None)


def _add_class_folder(tree: _Tree, path: PurePosixPath, order: LabelOrder | None) -> None:
    label, outer = _label_or_none(path.name, order), _class_folder(path, tree.folders)
    if label is None or (outer is not None and (tree.folders[outer] == label or path.name.isdecimal())):
        return
    if outer is not None:
        raise UserError(f"{tree.root / path}: this class folder is inside that of another class: put them side by side")
    tree.folders[path] = label


def _refuse_unknown_folders(tree: _Tree, order: LabelOrder | None) -> None:
    """Raise ``UserError`` for a folder of images that is not a class. Single images outside are allowed."""
    parents = {parent for folder in tree.folders for parent in folder.parents}
    unknown = sorted({path.parent for path in tree.stray_images} - parents - {PurePosixPath(".")})
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        try:
            _label(unknown[0].name, order)
        except UserError as error:
            raise UserError(f"{tree.root / unknown[0]}: {error}{more}") from None


def _no_class_folders(tree: _Tree) -> str:
    expected = f"expected folders named {', '.join(spec.load().classes)}"
    if tree.stray_images and _label_or_none(tree.root.resolve().name, None) is not None:
        return f"{tree.root}: this is one class: give its parent folder"
    if tree.stray_images:
        return f"{tree.root}: images without class folders: {expected}"
    return f"{tree.root}: no class folders: {expected}"


def _refuse_empty_folders(tree: _Tree) -> None:
    empty = sorted(tree.folders.keys() - {image.folder for image in tree.images})
    if empty:
        more = f" (and {len(empty) - 1} more)" if len(empty) > 1 else ""
        raise UserError(f"{tree.root / empty[0]}: this class folder holds no images{more}: fill it or remove it")


def _notes(tree: _Tree, order: LabelOrder | None) -> Iterator[str]:
    parents = tree.parents
    if len(parents) > 1:
        yield f"class folders were joined from {len(parents)} folders: {first_few(parents)}"
    if order is not None and any(folder.name.isdecimal() for folder in tree.folders):
        meanings = ", ".join(f"{label} {name}" for label, name in enumerate(order.classes, order.first))
        yield f"numbered folders were read in the dataset's own order: {meanings}"
    outside = Counter(image.folder.name for image in tree.images if image.label == OUTSIDE)
    if outside:
        listed = ", ".join(f"{count:,} in {name}" for name, count in sorted(outside.items()))
        yield f"images outside the seven classes were skipped: {listed}"
    if tree.stray_images:
        stray = tree.stray_images
        yield f"images outside the class folders were skipped: {len(stray):,} (such as {stray[0]})"
    if tree.other_files:
        suffixes = Counter(path.suffix.lower() or "no suffix" for path in tree.other_files)
        listed = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))
        yield f"files without a known image suffix were skipped: {len(tree.other_files):,} ({listed})"
