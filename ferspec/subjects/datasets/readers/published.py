"""The datasets of the protocol in any form people download them in, with the parts that form has.

Pixels are taken as the published runs did, by Keras' reader of folders: the EXIF orientation is not applied (FER-P-08).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.affectnet import (
    TABLES,
    is_annotated,
    read_affectnet_annotations,
    read_affectnet_tables,
)
from ferspec.subjects.datasets.readers.arrays import read_npz
from ferspec.subjects.datasets.readers.fer2013 import read_fer2013_parts
from ferspec.subjects.datasets.readers.folders import read_folder_parts, read_folders
from ferspec.subjects.datasets.readers.listing import Listing, Published
from ferspec.subjects.datasets.readers.rafdb import LISTS, read_rafdb
from ferspec.subjects.datasets.readers.tree import is_training, levels, part_of

FER2013_FILES = ("fer2013.csv", "icml_face_data.csv")
BASIC = "basic"  # RAF-DB's single expressions; its compound ones come with a list of the same name


def read_published(dataset: str, path: Path) -> Published:
    """List the images of RAF-DB, FER2013 or AffectNet at ``path``, divided where the download is.

    The form is recognised by the dataset's own files, anywhere below ``path``; without them by .npz files (one, or one
    for each part); otherwise class folders are expected. ``UserError`` where the files are those of another dataset,
    something is missing, or the reader of the form finds a mistake.
    """
    signs = _signs(path)
    if dataset in signs:
        return signs[dataset]()
    _refuse_another(dataset, path, signs)
    if path.is_file():
        return Published(read_npz(path))
    arrays = _npz_files(path)
    return _read_npz_files(path, arrays) if arrays else read_folder_parts(path, spec.load().label_orders.get(dataset))


def read_test_set(dataset: str, path: Path) -> Listing:
    """List the images of a set that has no parts, such as BTFER: an .npz file, a folder with one, or class folders.

    ``UserError`` where the files are those of another dataset or there are several parts, and as the readers say.
    """
    _refuse_another(dataset, path, _signs(path))
    if path.is_file():
        return read_npz(path)
    match _npz_files(path):
        case []:
            return read_folders(path, turned=False)
        case [only]:
            return read_npz(only)
        case several:
            raise UserError(f"{path}: holds {len(several)} .npz files ({_names(several)}): keep one")


def _signs(root: Path) -> dict[str, Callable[[], Published]]:
    """Return how to read the datasets of which ``root`` holds the very own files, or is one."""
    if root.suffix.lower() == ".csv" and root.is_file():
        return {"FER2013": lambda: read_fer2013_parts(root)}
    lists: list[Path] = []
    csvs: list[Path] = []
    tables: list[Path] = []
    annotated: list[PurePosixPath] = []
    for here, folders, files in levels(root):
        lists += [root / here / name for name in files if name in LISTS]
        csvs += [root / here / name for name in files if name.lower() in FER2013_FILES]
        tables += [root / here / name for name in files if name in TABLES]
        if is_annotated(folders):
            annotated.append(here)
            folders.clear()  # what lies below are images and annotations by the hundred thousand
    signs: dict[str, Callable[[], Published]] = {}
    if lists:
        signs["RAF-DB"] = lambda: read_rafdb(root, _only([p for p in lists if _is_basic(root, p)] or lists))
    if csvs:
        first = [path for path in csvs if path.name.lower() == FER2013_FILES[0]] or csvs
        signs["FER2013"] = lambda: read_fer2013_parts(_only(first))
    if tables:
        signs["AffectNet"] = lambda: read_affectnet_tables(root, _pair(root, tables))
    elif annotated:
        signs["AffectNet"] = lambda: read_affectnet_annotations(root, annotated)
    return signs


def _refuse_another(dataset: str, path: Path, signs: dict[str, Callable[[], Published]]) -> None:
    if signs:
        raise UserError(f"{path}: these are the files of {' and '.join(signs)}, where {dataset} is expected")


def _is_basic(root: Path, path: Path) -> bool:
    return BASIC in map(str.lower, path.relative_to(root).parts)


def _only(paths: list[Path]) -> Path:
    if len(paths) > 1:
        raise UserError(f"{paths[1]}: there is {paths[0]} too: keep one of them")
    return paths[0]


def _pair(root: Path, tables: list[Path]) -> tuple[Path, Path]:
    found = {name: [path for path in tables if path.name == name] for name in TABLES}
    for name, paths in found.items():
        if not paths:
            raise UserError(f"{root}: holds {tables[0].name}, but not AffectNet's {name}")
    return _only(found[TABLES[0]]), _only(found[TABLES[1]])


def _npz_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.npz") if not path.name.startswith("."))


def _read_npz_files(folder: Path, files: Sequence[Path]) -> Published:
    if len(files) == 1:
        return Published(read_npz(files[0]))
    parts = [part_of(PurePosixPath(path.stem)) for path in files]
    if len(files) == 2 and None not in parts and [is_training(part) for part in parts].count(True) == 1:
        first, second = sorted(files, key=lambda path: not is_training(PurePosixPath(path.stem)))
        return Published(_of_part(first), _of_part(second))
    raise UserError(f"{folder}: {_names(files)}: expected one .npz file, or train.npz with val.npz or test.npz")


def _of_part(path: Path) -> Listing:
    listing = read_npz(path)
    return replace(listing, ids=tuple(f"{path.stem}/{id}" for id in listing.ids))


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)
