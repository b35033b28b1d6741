"""Find a dataset in the data root, the folder that holds all datasets."""

from __future__ import annotations

from pathlib import Path

from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.examples import first_few

ARRAYS = ".npz"
TABLES = {"FER2013": ".csv"}  # the only dataset that is distributed as one table
SHOWN = 8


def find_dataset(root: Path, dataset: str) -> Path:
    """Return the folder of a dataset in ``root``, or its file (``fer2013.csv``, ``btfer.npz``).

    Case, spaces, ``_`` and ``-`` are ignored: RAF-DB may be called ``raf_db`` or ``RAFDB``. Raise ``UserError`` if
    ``root`` is not a folder, lacks the dataset, or holds it twice.
    """
    path = look_up_dataset(root, dataset)
    if path is None:
        names = [entry.name for entry in _entries(root) if not entry.name.startswith(".")]
        listed = first_few(names, count=SHOWN) or "nothing"
        files = " or ".join(plain_name(dataset) + suffix for suffix in _suffixes(dataset))
        raise UserError(f"{root}: {dataset} is missing: expected a folder {dataset}, or {files}; it holds {listed}")
    return path


def look_up_dataset(root: Path, dataset: str) -> Path | None:
    """Return the path of a dataset as ``find_dataset`` does, or None if it is missing."""
    paths = [path for path in _entries(root) if _is(path, dataset)]
    if len(paths) > 1:
        raise UserError(f"{root}: holds {dataset} twice ({', '.join(path.name for path in paths)}): keep one")
    return paths[0] if paths else None


def _entries(root: Path) -> list[Path]:
    try:
        return sorted(root.iterdir())
    except OSError as error:
        raise UserError(f"data root {root}: {error.strerror}: give the folder that holds the datasets") from None


def _is(path: Path, dataset: str) -> bool:
    if path.is_dir():
        return plain_name(path.name) == plain_name(dataset)
    return path.suffix.lower() in _suffixes(dataset) and plain_name(path.stem) == plain_name(dataset)


def _suffixes(dataset: str) -> list[str]:
    return [ARRAYS, *(suffix for name, suffix in TABLES.items() if name == dataset)]
