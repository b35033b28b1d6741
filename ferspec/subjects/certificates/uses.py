"""Lists the certificates in a folder that were made with given pictures."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import is_regular_file
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.subjects.certificates.subject import read_certificate

SUFFIX = ".json"
DIGESTS = ("bytes_sha256", "pixels_sha256")


class Use(Record):
    """A certificate whose manifest has one of the pictures: its file, its model, when it was made, and its digest."""

    path: str
    model: str
    created: str
    digest: str


def certificates_with(folder: Path, digests: Collection[str], progress: Progress = silent) -> tuple[Use, ...]:
    """Return the certificates below a folder that were made with given pictures.

    ``digests`` are of files or of pixels, as in a manifest. Other JSON files are passed over. ``UserError`` as for
    ``require_certificates``.
    """
    require_certificates(folder)
    paths = sorted(_documents(folder))
    found = []
    for done, path in enumerate(paths, start=1):
        document = _read(path)
        if document is not None and not set(digests).isdisjoint(_digests(document)):
            found.append(_described(path, document))
        progress("certificates", done, len(paths))
    return tuple(found)


def require_certificates(folder: Path) -> None:
    """Raise ``UserError`` for a path that is not a folder."""
    if not folder.is_dir():
        raise UserError(f"{folder}: not a folder of certificates")


def _documents(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        paths = (Path(place, name) for name in names if name.lower().endswith(SUFFIX))
        yield from (path for path in paths if is_regular_file(path))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return read_certificate(path)
    except UserError:  # another kind of document
        return None


def _digests(document: Mapping[str, Any]) -> Iterator[str]:
    manifest = document.get("manifest")
    for entry in manifest if isinstance(manifest, list) else ():
        if isinstance(entry, dict):
            yield from (value for name in DIGESTS if isinstance(value := entry.get(name), str))


def _described(path: Path, document: Mapping[str, Any]) -> Use:
    return Use(
        path=str(path),
        model=_text(document, "subject", "name"),
        created=_text(document, "environment", "created"),
        digest=_text(document, "digest"),
    )


def _text(document: Mapping[str, Any], *keys: str) -> str:
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else "unknown"
