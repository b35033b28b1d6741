"""Writes converted files with their document and page into a folder: all of them, or none."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from ferspec.errors import UserError
from ferspec.files import parse_json, read_bounded
from ferspec.subjects.models.from_names import contract_path

DOCUMENT = "edge.json"
LARGEST = 64 * 1024**2


class Temporary:
    """A temporary folder, which is removed when it is no longer used."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="ferspec-edge-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Held(NamedTuple):
    """What an earlier document says: the digest of its model, and the names of its files."""

    model: str | None = None
    files: tuple[str, ...] = ()


def write_files(converted: Path | None, texts: Mapping[str, str], folder: Path) -> None:
    """Write converted files and texts by name into a folder.

    Everything is first written beside the folder, and then renamed. The files of an earlier conversion, as its document
    names them, are removed. ``UserError`` where the folder cannot be written to.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            if converted is not None:
                shutil.copytree(converted, staged, dirs_exist_ok=True)
            for name, text in texts.items():
                (staged / name).write_text(text, encoding="utf-8")
            staged.chmod(0o755)
            _place(staged, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from None


def require_replaceable(folder: Path, model: str) -> None:
    """Raise ``UserError`` if a folder holds other files, or those of another model.

    ``model`` is the digest of the model.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / DOCUMENT).is_file():
        raise UserError(f"{folder} holds other files: choose another --out, or write into it with --force")
    if _held(folder).model != model:
        raise UserError(
            f"{folder} holds the files of another model: choose another --out, or replace them with --force"
        )


def _place(staged: Path, folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        if folder.exists():
            folder.rmdir()
        staged.rename(folder)
        return
    new = {path.name for path in staged.iterdir()}
    for name in _files_in(folder) - new:
        (folder / name).unlink(missing_ok=True)
    # the document comes last, since it names the others
    for path in sorted(staged.iterdir(), key=lambda path: path.name == DOCUMENT):
        path.replace(folder / path.name)


def _files_in(folder: Path) -> set[str]:
    """Return the files that an earlier document names, and their contracts."""
    names = {Path(name).name for name in _held(folder).files}
    return {one for name in names for one in (name, contract_path(name).name) if (folder / one).is_file()}


def _held(folder: Path) -> Held:
    """Return what an earlier document says; nothing where it cannot be read."""
    try:
        document = parse_json(read_bounded(folder / DOCUMENT, LARGEST, "a document of conversions"))
        names = [file["name"] for file in document["files"]]
        return Held(str(document["original"]["model"]["digest"]), tuple(str(name) for name in names if name))
    except (UserError, ValueError, KeyError, TypeError):
        return Held()
