"""Recognise the format of a certificate, and name the ferspec that verifies another format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ferspec
from ferspec.errors import UserError
from ferspec.subjects.certificates.document import SCHEMA_VERSION

# the versions of ferspec that read each earlier format
EARLIER = {"1": "0.1"}


def require_readable_format(path: str | Path, document: dict[str, Any]) -> None:
    """Raise ``UserError`` for a certificate of another format, with the ferspec that verifies it."""
    stated = document.get("schema_version")
    if stated in EARLIER:
        raise UserError(
            f"{path} was made by ferspec with certificate format {stated}: verify it with ferspec {EARLIER[stated]}"
        )
    if isinstance(stated, str) and stated.isdecimal() and len(stated) < 9 and int(stated) > int(SCHEMA_VERSION):
        raise UserError(
            f"{path} was made by ferspec with certificate format {stated}, and ferspec {ferspec.__version__} reads "
            f"format {SCHEMA_VERSION}: verify it with a later ferspec"
        )
