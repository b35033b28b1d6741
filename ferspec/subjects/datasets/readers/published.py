"""Read the protocol's datasets in every form in which they are distributed, with their splits.

The EXIF orientation is not applied, as in Keras' ``flow_from_directory``, which the published runs used (FER-P-08).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
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
from ferspec.subjects.datasets.readers.folders import read_folder_splits, read_folders
from ferspec.subjects.datasets.readers.listing import Listing, PublishedDataset
from ferspec.subjects.datasets.readers.rafdb import LISTS, read_rafdb
from ferspec.subjects.datasets.readers.tree import is_training, levels, split_of

FER2013_FILES = ("fer2013.csv", "icml_face_data.csv")
BASIC = "basic"  # RAF-DB's single expressions; its compound expressions have a list of the same name


def read_published(dataset: str, path: Path) -> PublishedDataset:
    """List the images and splits of RAF-DB, FER2013 or AffectNet at ``path``.

    Recognise the form by the dataset's own files, anywhere below ``path``, or by .npz files (one, or one per split);
    otherwise expect class folders. Raise ``UserError`` for files of another dataset, missing files, or invalid files.
    """
    readers = _readers(path)
    if dataset in readers:
        return readers[dataset]()
    _refuse_another(dataset, path, readers)
    if path.is_file():
        return PublishedDataset(read_npz(path))
    arrays = _npz_files(path)
    return _read_npz_files(path, arrays) if arrays else read_folder_splits(path, spec.load().label_orders.get(dataset))


def read_test_set(dataset: str, path: Path) -> Listing:
    """List the images of a dataset without splits, such as BTFER.

    ``path`` is an .npz file, a folder with one, or class folders. Raise ``UserError`` for files of another dataset,
    several splits, or invalid files.
    """
    _refuse_another(dataset, path, _readers(path))
    if path.is_file():
        return read_npz(path)
    match _npz_files(path):
        case []:
            return read_folders(path, turned=False)
        case [only]:
            return read_npz(only)
        case several:
            raise UserError(f"{path}: holds {len(several)} .npz files ({_names(several)}): keep one")


def _readers(root: Path) -> dict[str, Callable[[], PublishedDataset]]:
    """Return a reader for each dataset whose own files are at or below ``root``."""
    if root.suffix.lower() == ".csv" and root.is_file():
        return {"FER2013": lambda: read_fer2013_parts(root)}
    lists: list[Path] = []
    csvs: list[Path] = []
    tables: list[Path] = []
    annotated: list[PurePosixPath] = []
    for folder, folders, files in levels(root):
        lists += [root / folder / name for name in files if name in LISTS]
        csvs += [root / folder / name for name in files if name.lower() in FER2013_FILES]
        tables += [root / folder / name for name in files if name in TABLES]
        if is_annotated(folders):
            annotated.append(folder)
            folders.clear()  # do not walk hundreds of thousands of images and annotations
    readers: dict[str, Callable[[], PublishedDataset]] = {}
    if lists:
        readers["RAF-DB"] = lambda: read_rafdb(root, _only([p for p in lists if _is_basic(root, p)] or lists))
    if csvs:
        preferred = [path for path in csvs if path.name.lower() == FER2013_FILES[0]] or csvs
        readers["FER2013"] = lambda: read_fer2013_parts(_only(preferred))
    if tables:
        readers["AffectNet"] = lambda: read_affectnet_tables(root, _pair(root, tables))
    elif annotated:
        readers["AffectNet"] = lambda: read_affectnet_annotations(root, annotated)
    return readers


def _refuse_another(dataset: str, path: Path, datasets: Collection[str]) -> None:
    if datasets:
        raise UserError(f"{path}: these are the files of {' and '.join(datasets)}, but {dataset} is expected")


def _is_basic(root: Path, path: Path) -> bool:
    return BASIC in map(str.lower, path.relative_to(root).parts)


def _only(paths: list[Path]) -> Path:
    if len(paths) > 1:
        raise UserError(f"{paths[1]}: {paths[0]} exists too: keep one of them")
    return paths[0]


def _pair(root: Path, tables: list[Path]) -> tuple[Path, Path]:
    by_name = {name: [path for path in tables if path.name == name] for name in TABLES}
    for name, paths in by_name.items():
        if not paths:
            raise UserError(f"{root}: holds {tables[0].name}, but not AffectNet's {name}")
    return _only(by_name[TABLES[0]]), _only(by_name[TABLES[1]])


def _npz_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.npz") if not path.name.startswith("."))


def _read_npz_files(folder: Path, files: Sequence[Path]) -> PublishedDataset:
    if len(files) == 1:
        return PublishedDataset(read_npz(files[0]))
    parts = [split_of(PurePosixPath(path.stem)) for path in files]
    if len(files) == 2 and None not in parts and [is_training(part) for part in parts].count(True) == 1:
        first, second = sorted(files, key=lambda path: not is_training(PurePosixPath(path.stem)))
        return PublishedDataset(_read_npz_part(first), _read_npz_part(second))
    raise UserError(f"{folder}: {_names(files)}: expected one .npz file, or train.npz with val.npz or test.npz")


def _read_npz_part(path: Path) -> Listing:
    listing = read_npz(path)
    return replace(listing, ids=tuple(f"{path.stem}/{id}" for id in listing.ids))


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)
