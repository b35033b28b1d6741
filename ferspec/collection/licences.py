"""Recognise licences, to filter pictures by them and to publish their identifiers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ferspec.collection.manifest import UNKNOWN
from ferspec.errors import UserError
from ferspec.files import parse_toml

DATA = Path(__file__).parent / "data" / "licences.toml"
OTHER = "other"


def licence_of(text: str) -> str:
    """Return the identifier of a licence; the text itself if it is not known, and ``unknown`` for no text."""
    return _known().get(_plain(text), text.strip()) or UNKNOWN


def published(licence: str) -> str:
    """Return what a published manifest says: an identifier, ``unknown``, or ``other`` for any other text."""
    return licence if licence == UNKNOWN or licence in _known().values() else OTHER


def require_known(licence: str) -> str:
    """Return the identifier of a licence; ``UserError`` for one that is not known."""
    found = licence_of(licence)
    if found not in _known().values():
        known = ", ".join(dict.fromkeys(_known().values()))
        raise UserError(f"the licence {licence!r} is not known: known are {known}")
    return found


@cache
def _known() -> dict[str, str]:
    table = parse_toml(DATA.read_bytes())
    return {_plain(text): identifier for identifier, others in table.items() for text in (identifier, *others)}


def _plain(text: str) -> str:
    address = re.sub(r"^http://", "https://", text.strip().casefold()).rstrip("/")
    return re.sub(r"[\s_-]+", " ", address)
