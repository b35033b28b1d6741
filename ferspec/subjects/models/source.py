"""Find what a model is read from, without importing or loading anything of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.models.base import file_digest, folder_digest
from ferspec.subjects.models.callable import is_callable_reference


@dataclass(frozen=True)
class Source:
    """Name a model, the files that it may read, and where it imports from.

    ``files`` lie beside the model's file and belong to it, such as external weights.
    """

    shown: str
    name: str
    reference: str
    path: Path
    readable: tuple[Path, ...]
    folders: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    is_callable: bool = False

    def digest(self) -> str:
        """Compute the sha256 of the model as it is now. Raise ``UserError`` if it cannot be read."""
        try:
            if self.path.is_dir():
                return folder_digest(self.path)
            if self.files:
                return folder_digest(self.path.parent, [self.path, *self.files])
            return file_digest(self.path)
        except OSError as error:
            raise UserError(f"{self.shown} cannot be read: {error.strerror}") from error


def source_of(reference: str | Path) -> Source:
    """Return the source of a model file, a model folder, or a ``package.module:callable``.

    Raise ``UserError`` if there is none.
    """
    path, text = Path(reference), str(reference)
    if not path.exists() and is_callable_reference(text):
        return _callable(text)
    require_utf8(path)
    if not path.exists():
        raise UserError(f"{path}: no such model file or folder")
    if not path.is_dir() and not path.is_file():
        raise UserError(f"{path} is not a regular file or a folder, as a model is")
    real = path.absolute()
    return Source(text, path.name or text, str(real), real, (real,))


def _callable(reference: str) -> Source:
    name = reference.partition(":")[0]
    if name in sys.builtin_module_names:
        raise UserError(f"{reference}: {name} has no source file, from which a digest could be computed")
    parts = name.split(".")
    for root in _roots():
        base = root.joinpath(*parts)
        for file in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            if file.is_file():
                package = root / parts[0]
                readable = package if package.is_dir() else root
                return Source(reference, reference, reference, file, (readable,), (root,), is_callable=True)
    raise UserError(f"{reference}: there is no module {name!r} on Python's path or in this folder")


def _roots() -> Iterator[Path]:
    """Yield the folders that modules are imported from: Python's path, then the current folder."""
    for entry in (*sys.path, "."):
        folder = Path(entry or ".").absolute()
        if folder.is_dir():
            yield folder
