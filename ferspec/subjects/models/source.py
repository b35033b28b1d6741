"""Find the files of a model without importing or loading any part of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.disk import require_utf8
from ferspec.subjects.models.base import file_digest, folder_digest
from ferspec.subjects.models.callables.coverage import Coverage
from ferspec.subjects.models.callables.discovery import Covered
from ferspec.subjects.models.callables.locate import Located, locate
from ferspec.subjects.models.callables.reference import is_callable_reference
from ferspec.subjects.models.keras.beside import counterpart
from ferspec.subjects.models.outputs import ASSUMED, Choice


@dataclass(frozen=True)
class Source:
    """Name a model, the files that it may read, and where it imports from.

    ``files`` lie beside the model's file and belong to it, such as external weights; ``beside`` is one of them, the
    other half of a Keras model in two files. ``located`` is the module of a callable, and ``covered`` what it reads,
    once that is known. ``hidden`` is never readable. ``choice`` is what the contract chooses of the model.
    ``threads`` compute one answer; by default as many as there are.
    """

    shown: str
    name: str
    reference: str
    path: Path
    readable: tuple[Path, ...]
    files: tuple[Path, ...] = ()
    beside: Path | None = None
    located: Located | None = None
    covered: Covered | None = None
    hidden: tuple[Path, ...] = ()
    choice: Choice = ASSUMED
    threads: int | None = None

    def limited_to(self, covered: Covered) -> Source:
        """Return the source of a callable whose process may read only what its digest covers."""
        return replace(self, covered=covered, readable=covered.readable)

    def coverage(self) -> Coverage | None:
        """Compute the digests of the files of a callable as they are now; None for a model file."""
        try:
            return None if self.covered is None else self.covered.coverage()
        except OSError as error:
            raise UserError(f"{self.shown} cannot be read: {error.filename}: {error.strerror}") from error

    def size(self) -> int | None:
        """Return the bytes of the model's files; None for a callable."""
        if self.located is not None:
            return None
        files = self.path.rglob("*") if self.path.is_dir() else (self.path, *self.files)
        return sum(file.stat().st_size for file in files if file.is_file())

    def digest(self) -> str:
        """Compute the sha256 of the model as it is now. Raise ``UserError`` if it cannot be read."""
        if (coverage := self.coverage()) is not None:
            return coverage.digest
        try:
            if self.path.is_dir():
                return folder_digest(self.path)
            if self.files:
                return folder_digest(self.path.parent, [self.path, *self.files])
            return file_digest(self.path)
        except OSError as error:
            raise UserError(f"{self.shown} cannot be read: {error.strerror}") from error


def source_of(reference: str | Path, choice: Choice = ASSUMED) -> Source:
    """Return the source of a model file, a model folder, or a ``package.module:callable``.

    Raise ``UserError`` if there is none.
    """
    path, text = Path(reference), str(reference)
    if not path.exists() and is_callable_reference(text):
        located = locate(text)
        return Source(text, text, text, located.source, (located.root,), located=located, choice=choice)
    require_utf8(path)
    if not path.exists():
        raise UserError(f"{path}: no such model file or folder")
    if not path.is_dir() and not path.is_file():
        raise UserError(f"{path} is neither a regular file nor a folder: a model is one of these")
    real = path.absolute()
    other = counterpart(real)
    files = () if other is None else (other,)
    return Source(text, path.name or text, str(real), real, (real,), files, other, choice=choice)
