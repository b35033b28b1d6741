"""Open a source by its path: a list, a folder or an archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferspec.collection.sources.found import Found
from ferspec.collection.sources.lists import read_list
from ferspec.collection.sources.trees import read_tree
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.trees import Folder, open_packed


def open_source(path: Path) -> Iterator[Found]:
    """Yield the pictures of a list, a folder, or a zip or tar archive.

    ``UserError`` for another path.
    """
    if path.is_dir():
        return read_tree(Folder(path))
    if not path.exists():
        raise UserError(f"{path}: there is no such list, folder or archive")
    archive = open_packed(path)
    return read_list(path) if archive is None else read_tree(archive)
