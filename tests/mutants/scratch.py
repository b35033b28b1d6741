"""Temporary folders of miniatures, removed after the tests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


@cache
def _root() -> TemporaryDirectory:
    return TemporaryDirectory(prefix="mutants-")


def fresh(name: str) -> Path:
    """Return a new folder, whose name begins so."""
    root = Path(_root().name)
    folder = root / f"{name}-{len(list(root.iterdir()))}"
    folder.mkdir()
    return folder
