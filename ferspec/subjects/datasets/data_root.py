"""Find a dataset in the data root, the folder that holds all datasets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.examples import first_few

ARRAYS = ".npz"
TABLES = {"FER2013": ".csv"}  # the only dataset that is distributed as one table
# read where the dataset is neither a folder nor one of these files
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".parquet")
SHOWN = 8


def find_dataset(root: Path, dataset: str) -> Path:
    """Return the folder of a dataset in ``root``, or its file (``fer2013.csv``, ``btfer.npz``, ``rafdb.zip``).

    Case, spaces, ``_`` and ``-`` are ignored: RAF-DB may be called ``raf_db`` or ``RAFDB``. Raise ``UserError`` if
    ``root`` is not a folder, lacks the dataset, or holds it twice.
    """
    path = look_up_dataset(root, dataset)
    if path is None:
        names = [entry.name for entry in _entries(root) if not entry.name.startswith(".")]
        listed = first_few(names, count=SHOWN) or "nothing"
        files = " or ".join(plain_name(dataset) + suffix for suffix in (*_suffixes(dataset), *ARCHIVES[:2]))
        raise UserError(f"{root}: {dataset} is missing: expected a folder {dataset}, or {files}; it holds {listed}")
    return path


def look_up_dataset(root: Path, dataset: str) -> Path | None:
    """Return the path of a dataset as ``find_dataset`` does, or None if it is missing."""
    entries = _entries(root)
    paths = [path for path in entries if _is(path, dataset, _suffixes(dataset))]
    paths = paths or [path for path in entries if _is(path, dataset, ARCHIVES)]
    if len(paths) > 1:
        raise UserError(f"{root}: holds {dataset} twice ({', '.join(path.name for path in paths)}): keep one")
    return paths[0] if paths else None


def _entries(root: Path) -> list[Path]:
    try:
        return sorted(root.iterdir())
    except OSError as error:
        raise UserError(f"data root {root}: {error.strerror}: give the folder that holds the datasets") from None


def _is(path: Path, dataset: str, suffixes: Iterable[str]) -> bool:
    if path.is_dir():
        return plain_name(path.name) == plain_name(dataset)
    name = path.name.lower()
    return any(
        name.endswith(suffix) and plain_name(name.removesuffix(suffix)) == plain_name(dataset) for suffix in suffixes
    )


def _suffixes(dataset: str) -> list[str]:
    return [ARRAYS, *(suffix for name, suffix in TABLES.items() if name == dataset)]
