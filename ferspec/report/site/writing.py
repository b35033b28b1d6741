"""Writes the site into a folder that appears only when it is complete."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ferspec.errors import UserError
from ferspec.report.pages import require_folder


def require_free(folder: Path) -> None:
    """Raise ``UserError`` where a site cannot be written: a folder with files, a file, or a place without access."""
    require_folder(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty: choose another --out, or remove its files")


def write_site(files: Mapping[str, str], folder: Path) -> None:
    """Write all files into a temporary folder beside ``folder``, and rename it.

    ``UserError`` as for ``require_free``, and for a full disk; nothing is then left.
    """
    require_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            for name, text in files.items():
                path = temporary / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            temporary.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}") from None
