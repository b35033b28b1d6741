"""Read which pictures were withdrawn: a list of digests that every stage obeys.

``withdrawn.csv`` in the folder of a collection has the columns ``digest`` and ``kind``, and nothing else about a
picture: ``file`` is the sha256 of the file as collected, ``pixels`` that of its decoded pixels, and ``address`` that of
its address. An address in the list is never fetched, and a picture in the list is never kept, whatever its address.
Another encoding of the picture has other digests: it is not recognised.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import urldefrag, urlsplit, urlunsplit

from ferspec.collection.manifest import LARGEST, Row, table
from ferspec.errors import UserError
from ferspec.files import csv_rows, write_whole

WITHDRAWN = "withdrawn.csv"
HEADER = ("digest", "kind")
Kind = Literal["file", "pixels", "address"]
KINDS: tuple[Kind, ...] = ("file", "pixels", "address")
DIGEST = re.compile(r"[0-9a-f]{64}")

Tombstone = tuple[str, Kind]


def withdrawn_digests(out: Path) -> frozenset[str]:
    """Return all digests of ``withdrawn.csv``; none where there is no such file."""
    return frozenset(digest for digest, _ in read_tombstones(out))


def read_tombstones(out: Path) -> list[Tombstone]:
    """Read ``withdrawn.csv`` of a collection; an absent file has none. ``UserError`` for another table."""
    path = out / WITHDRAWN
    if not path.exists():
        return []
    lines = csv_rows(path, LARGEST, "a list of withdrawn pictures")
    _, header = next(lines, (0, []))
    if tuple(header) != HEADER:
        raise UserError(f"{path}: the columns must be {','.join(HEADER)}")
    found: list[Tombstone] = []
    for line, cells in lines:
        kind = next((kind for kind in KINDS if cells[1:] == [kind]), None)
        if kind is None or not DIGEST.fullmatch(cells[0]):
            raise UserError(f"{path} line {line}: expected a sha256 in hex and one of {', '.join(KINDS)}")
        found.append((cells[0], kind))
    return found


def add_tombstones(out: Path, added: Iterable[Tombstone]) -> None:
    """Add digests to ``withdrawn.csv``, each once, under a temporary name that is then renamed."""
    write_whole(out / WITHDRAWN, table(HEADER, dict.fromkeys([*read_tombstones(out), *added])))


def tombstones_of(row: Row) -> tuple[Tombstone, ...]:
    """Return the digests that keep a picture of stage 1 from returning."""
    values: tuple[Tombstone, ...] = ((row.digest, "file"), (row.pixels, "pixels"), (row.address, "address"))
    return tuple((digest, kind) for digest, kind in values if digest)


def address_digest(address: str) -> str:
    """Return the sha256 of a normalised address, in hex."""
    return hashlib.sha256(normalised(address).encode("utf-8", "surrogateescape")).hexdigest()


def normalised(address: str) -> str:
    """Return a URL without fragment, with scheme and host in lower case; any other address as it is."""
    try:
        parts = urlsplit(urldefrag(address.strip()).url)
    except ValueError:
        return address
    if parts.scheme.lower() not in ("http", "https"):
        return address
    return urlunsplit(parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()))
