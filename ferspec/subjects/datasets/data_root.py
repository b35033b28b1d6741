"""Where a dataset lies below the folder that holds all of them."""

from __future__ import annotations

from pathlib import Path

from ferspec.errors import UserError
from ferspec.spec.names import plain_name

ARRAYS = ".npz"
TABLES = {"FER2013": ".csv"}  # the only dataset that is handed out as one table
SHOWN = 8


def find(root: Path, dataset: str) -> Path:
    """Return the folder of a dataset below ``root``, or its file (``fer2013.csv``, ``btfer.npz``) in ``root`` itself.

    Case, spaces, _ and - of the name do not matter: RAF-DB may be called ``raf_db`` or ``RAFDB``. ``UserError`` where
    ``root`` is no folder, or holds nothing of that name, or holds it twice.
    """
    found = look(root, dataset)
    if found is None:
        there = [path.name for path in _held(root) if not path.name.startswith(".")]
        listed = ", ".join(there[:SHOWN]) + (", …" if len(there) > SHOWN else "") if there else "nothing"
        files = " or ".join(plain_name(dataset) + suffix for suffix in _suffixes(dataset))
        raise UserError(f"{root}: no folder {dataset}, nor {files}; it holds {listed}")
    return found


def look(root: Path, dataset: str) -> Path | None:
    """Return what ``find`` does, or None where ``root`` holds nothing of that name."""
    found = [path for path in _held(root) if _is(path, dataset)]
    if len(found) > 1:
        raise UserError(f"{root}: holds {dataset} twice ({', '.join(path.name for path in found)}): keep one")
    return found[0] if found else None


def _held(root: Path) -> list[Path]:
    try:
        return sorted(root.iterdir())
    except OSError as error:
        raise UserError(
            f"data root {root}: {error.strerror}: give the folder that holds those of the datasets"
        ) from None


def _is(path: Path, dataset: str) -> bool:
    if path.is_dir():
        return plain_name(path.name) == plain_name(dataset)
    return path.suffix.lower() in _suffixes(dataset) and plain_name(path.stem) == plain_name(dataset)


def _suffixes(dataset: str) -> list[str]:
    return [ARRAYS, *(suffix for name, suffix in TABLES.items() if name == dataset)]
