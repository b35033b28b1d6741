"""Correct what a published set says of itself after pictures were withdrawn: its datasheet and Croissant file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ferspec.collection.manifest import CROISSANT, DATASHEET, LARGEST, MANIFEST
from ferspec.collection.publication.croissant import licences_of, written
from ferspec.collection.publication.datasheet import COLLECTED, COMPOSITION, composition_text
from ferspec.collection.publication.facts import Composition, composition_of
from ferspec.collection.published import described_rows
from ferspec.files import parse_json, read_bounded, read_text, write_whole

_SECTION = re.compile(rf"^## {COMPOSITION}\n\n.*?(?=^## )", re.MULTILINE | re.DOTALL)
_STAGE = re.compile(rf"^\| ({COLLECTED}|kept by \w+) \| ([\d,]+) \|$", re.MULTILINE)
_LAST_STAGE = "kept by sample"


def correct_counts(folder: Path) -> tuple[str, ...]:
    """Write the counts of a set's public manifest into its datasheet and Croissant file.

    Return the names of files that exist and were not recognised, such as those that were rewritten by hand. The same
    call again changes nothing.
    """
    return tuple(_not_recognised(folder, composition_of(described_rows(folder))))


def _not_recognised(folder: Path, counts: Composition) -> Iterator[str]:
    for name, corrected in ((DATASHEET, _datasheet), (CROISSANT, _croissant(folder / MANIFEST))):
        path = folder / name
        if not path.is_file():
            continue
        before = read_text(path, LARGEST, "a description of a set")
        after = corrected(before, counts)
        if after is None:
            yield name
        elif after != before:
            write_whole(path, after)


def _datasheet(text: str, counts: Composition) -> str | None:
    """Return a datasheet with other counts; a withdrawn picture of the set was kept by every stage."""
    stages = {name: int(number.replace(",", "")) for name, number in _STAGE.findall(text)}
    if _LAST_STAGE not in stages or not _SECTION.search(text):
        return None
    fewer = stages[_LAST_STAGE] - counts.total
    section = f"## {COMPOSITION}\n\n{composition_text(counts)}\n\n"
    text = _SECTION.sub(lambda _: section, text, count=1)
    return _STAGE.sub(lambda row: f"| {row[1]} | {stages[row[1]] - fewer:,} |", text)


def _croissant(manifest: Path) -> Callable[[str, Composition], str | None]:
    def corrected(text: str, counts: Composition) -> str | None:
        try:
            document = parse_json(text.encode())
            (file,) = [one for one in document["distribution"] if one.get("contentUrl") == MANIFEST]
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        file["sha256"] = hashlib.sha256(read_bounded(manifest, LARGEST, "a manifest")).hexdigest()
        return written(_with_licences(document, counts))

    return corrected


def _with_licences(document: dict[str, Any], counts: Composition) -> dict[str, Any]:
    return {name: licences_of(counts) if name == "license" else value for name, value in document.items()}
