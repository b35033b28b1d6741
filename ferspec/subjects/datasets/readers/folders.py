"""Read class folders: one folder per class, at any depth, named or numbered."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import LabelOrder, plain_name
from ferspec.subjects.datasets.kinds import is_picture, kind_in
from ferspec.subjects.datasets.readers.listing import ORDER, Choice, Listing
from ferspec.subjects.datasets.readers.orders import decide_order, declared_order, named_dataset
from ferspec.subjects.datasets.readers.splits import WHOLE, Splits, split_of
from ferspec.subjects.datasets.readers.trees import Tree, fetch_files, walk
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.examples import first_few

NUMBERED = re.compile(r"^\d+[\s._-]+(?=\D)")
OUTSIDE = -1  # the label of a class folder for an expression outside the protocol


class NoClassFolders(UserError):
    """A tree without any folder that is named for a class, or numbered."""


@dataclass(frozen=True)
class _Image:
    path: PurePosixPath
    folder: PurePosixPath
    label: int


@dataclass
class _Found:
    """Hold the files of a tree and the label of each class folder."""

    tree: Tree
    dataset: str | None
    images: list[_Image] = field(default_factory=list)
    stray_images: list[PurePosixPath] = field(default_factory=list)
    other_files: list[PurePosixPath] = field(default_factory=list)
    folders: dict[PurePosixPath, int] = field(default_factory=dict)
    order: Choice | None = None

    @property
    def parents(self) -> list[PurePosixPath]:
        return sorted({folder.parent for folder in self.folders})


def read_class_folders(tree: Tree, dataset: str | None = None) -> Splits:
    """List the images in the class folders of a tree by split. Ids are paths below the parent of the class folders.

    A class folder has any name of a class, in any case, with or without a number (``0_Angry``), at any depth; it
    includes its subfolders. A folder whose name is a number is one of the dataset's labels, in the order that
    ``decide_order`` finds. Pictures are known by their content. Hidden files and system files are ignored; other files,
    images outside class folders, and expressions outside the seven classes are noted.

    Raise ``UserError`` for a folder of images with an unknown name, an empty class folder, a class folder inside
    another, class folders outside the splits, no class folder, or a name that is not UTF-8.
    """
    found = _search(tree, dataset)
    names = {parent: split_of(parent) for parent in found.parents}
    named = ", ".join(sorted(set(names.values()) - {WHOLE}))
    if WHOLE in names.values() and named:
        raise UserError(
            f"{tree.place}: some class folders are in splits ({named}) and others are not: move all into splits"
        )
    parts = {
        name: _listing(found, [image for image in found.images if names[image.folder.parent] == name])
        for name in sorted(set(names.values()))
    }
    return Splits(tree.place, parts)


def is_class_name(name: str) -> bool:
    """Return whether a folder of this name is that of a class, by a word."""
    return _label_or_none(name, None) not in (None, OUTSIDE)


def _search(tree: Tree, dataset: str | None) -> _Found:
    require_utf8(tree.place.resolve().name)
    found = _Found(tree, dataset or named_dataset(tree.place))
    pictures: list[PurePosixPath] = []
    for path, is_folder in walk(tree):
        if is_folder:
            _add_class_folder(found, path)
        elif not is_picture(tree, path):
            found.other_files.append(path)
        else:
            pictures.append(path)
    _add_numbered_folders(found, pictures)
    for path in pictures:
        if (folder := _class_folder(path, found.folders)) is not None:
            found.images.append(_Image(path, folder, found.folders[folder]))
        else:
            found.stray_images.append(path)
    if set(found.folders.values()) <= {OUTSIDE}:
        raise NoClassFolders(_no_class_folders(found))
    _refuse_unknown_folders(found)
    _refuse_empty_folders(found)
    found.images.sort(key=lambda image: image.path.as_posix())
    return found


def _listing(found: _Found, images: Iterable[_Image]) -> Listing:
    base = PurePosixPath(posixpath.commonpath(found.parents))
    chosen = [image for image in images if image.label != OUTSIDE]
    ids = tuple(image.path.relative_to(base).as_posix() for image in chosen)
    labels = np.array([image.label for image in chosen], np.int64)
    fetch = fetch_files(found.tree, [image.path for image in chosen], ids)
    return Listing("class folders", ids, labels, fetch, tuple(_notes(found, chosen)), order=found.order)


def _label(name: str, dataset: str | None) -> int:
    """Return the class of a folder name, or ``OUTSIDE``. Raise ``UserError`` for an unknown name."""
    known = spec.load()
    word = NUMBERED.sub("", name)
    order = known.label_orders.get(dataset or "")
    is_outside = dataset is None or (order and any(plain_name(own) in known.outside for own in order.classes))
    if is_outside and plain_name(word) in known.outside:
        return OUTSIDE
    return known.class_index(word)


def _label_or_none(name: str, dataset: str | None) -> int | None:
    try:
        return _label(name, dataset)
    except UserError:
        return None


def _class_folder(path: PurePosixPath, folders: dict[PurePosixPath, int]) -> PurePosixPath | None:
    """Return the innermost class folder that contains a path, or None."""
    return next((parent for parent in path.parents if parent in folders), None)


def _add_class_folder(found: _Found, path: PurePosixPath) -> None:
    label, outer = _label_or_none(path.name, found.dataset), _class_folder(path, found.folders)
    if label is None or (outer is not None and found.folders[outer] == label):
        return
    if outer is not None and found.folders[outer] == OUTSIDE:
        del found.folders[outer]
    elif outer is not None:
        place = found.tree.place / path
        raise UserError(f"{place}: this class folder is inside that of another class: put them side by side")
    found.folders[path] = label


def _add_numbered_folders(found: _Found, pictures: Sequence[PurePosixPath]) -> None:
    """Add the folders of images whose names are numbers, with their labels."""
    numbered: dict[PurePosixPath, int] = {}
    for folder in sorted({path.parent for path in pictures}, key=lambda folder: len(folder.parts)):
        inside = _class_folder(folder / "x", found.folders) or _class_folder(folder, numbered)
        if inside is None and folder.name.isascii() and folder.name.isdecimal() and len(folder.name) < len("1000"):
            numbered[folder] = int(folder.name)
    if not numbered:
        return
    places = {path: place for path in pictures if (place := _class_folder(path, numbered)) is not None}
    counts = Counter(numbered[place] for place in places.values())
    dataset = found.dataset or named_dataset(
        found.tree.place, (part for folder in numbered for part in folder.parts), (path.name for path in places)
    )
    order, found.order = decide_order(found.tree.place, counts, dataset, _declared(found, numbered, counts))
    known = spec.load()
    for folder, number in numbered.items():
        index = known.column_class(order.class_of(number))
        found.folders[folder] = OUTSIDE if index is None else index


def _declared(found: _Found, numbered: Iterable[PurePosixPath], counts: Iterable[int]) -> LabelOrder | None:
    above = sorted({parent for folder in numbered for parent in folder.parents}, key=lambda path: -len(path.parts))
    names = {folder: [path.name for path in found.other_files if path.parent == folder] for folder in above}
    orders = (declared_order(found.tree, folder, names[folder], counts) for folder in above)
    return next((order for order in orders if order is not None), None)


def _refuse_unknown_folders(found: _Found) -> None:
    """Raise ``UserError`` for a folder of images that is not a class. Single images outside are allowed."""
    parents = {parent for folder in found.folders for parent in folder.parents}
    unknown = sorted({path.parent for path in found.stray_images} - parents - {PurePosixPath(".")})
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        try:
            _label(unknown[0].name, found.dataset)
        except UserError as error:
            raise UserError(f"{found.tree.place / unknown[0]}: {error}{more}") from None


def _no_class_folders(found: _Found) -> str:
    expected = f"expected folders named {', '.join(spec.load().classes)}"
    if found.stray_images and _label_or_none(found.tree.place.resolve().name, None) is not None:
        return f"{found.tree.place}: this is one class: give its parent folder"
    if found.stray_images:
        return f"{found.tree.place}: images without class folders: {expected}, or a CSV with columns for file and label"
    return f"{found.tree.place}: no class folders: {expected}"


def _refuse_empty_folders(found: _Found) -> None:
    empty = sorted(found.folders.keys() - {image.folder for image in found.images})
    if empty:
        more = f" (and {len(empty) - 1} more)" if len(empty) > 1 else ""
        raise UserError(f"{found.tree.place / empty[0]}: this class folder holds no images{more}: fill it or remove it")


def _notes(found: _Found, images: Iterable[_Image]) -> Iterator[str]:
    parents = sorted({image.folder.parent for image in images})
    if len(parents) > 1:
        yield f"class folders were joined from {len(parents)} folders: {first_few(parents)}"
    if found.order is not None:
        yield f"{ORDER}{found.order}"
    outside = Counter(image.folder.name for image in found.images if image.label == OUTSIDE)
    if outside:
        listed = ", ".join(f"{count:,} in {name}" for name, count in sorted(outside.items()))
        yield f"images outside the seven classes were skipped: {listed}"
    if found.stray_images:
        stray = found.stray_images
        yield f"images outside the class folders were skipped: {len(stray):,} (such as {stray[0]})"
    yield from _skipped_files(found)


def _skipped_files(found: _Found) -> Iterator[str]:
    """Yield notes on files that are not decoded: pictures of other kinds, with their classes, and files by suffix."""
    kinds = {path: kind_in(found.tree, path) for path in found.other_files}
    for kind in sorted({kind for kind in kinds.values() if kind is not None}):
        folders = [_class_folder(path, found.folders) for path in found.other_files if kinds[path] == kind]
        places = Counter("no class folder" if folder is None else folder.name for folder in folders)
        listed = ", ".join(f"{count:,} in {name}" for name, count in sorted(places.items()))
        yield f"{kind} files were skipped: {len(folders):,} ({listed}): save them as PNG"
    suffixes = Counter(path.suffix.lower() or "no suffix" for path, kind in kinds.items() if kind is None)
    if suffixes:
        listed = ", ".join(f"{count:,} {suffix}" for suffix, count in sorted(suffixes.items()))
        yield f"files that are not images were skipped: {suffixes.total():,} ({listed})"
