"""Stage 1: collect pictures from sources, within limits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

import ferspec
from ferspec.collection.fetching import Client, Limits, NotFetched, fetch_each
from ferspec.collection.journal import Digest, Journal
from ferspec.collection.manifest import JOURNAL, PICTURES, Row, stage_folder
from ferspec.collection.sources import Found
from ferspec.collection.sources.lists import REFUSED
from ferspec.collection.stages.pictures import remove_others
from ferspec.collection.tombstones import Tombstone, add_tombstones, address_digest, withdrawn_digests
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.progress import Progress
from ferspec.records import Record
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.decoders.pool import Decoders
from ferspec.subjects.datasets.kinds import kind_of

STEP = "collecting"
SUFFIXES = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "PPM": "ppm"}


@dataclass(frozen=True)
class Collecting:
    """Bound what is fetched: limits of each fetch, seconds between requests to a host, and licences (any if empty)."""

    limits: Limits = field(default_factory=Limits)
    delay: float = 1.0
    licences: tuple[str, ...] = ()
    allow_private: bool = False


class Collected(Record):
    """What the journal keeps of an address: its picture, or why it has none, and whether the error may have passed."""

    digest: Digest | Literal[""] = ""
    pixels: Digest | Literal[""] = ""
    file: str = ""
    reason: str = ""
    transient: bool = False

    @model_validator(mode="after")
    def _names_its_file(self) -> Self:
        folder, _, name = self.file.partition("/")
        if self.file and (
            folder != PICTURES or "/" in name or not name.startswith(f"{self.digest}.") or not self.pixels
        ):
            raise ValueError(f"{self.file!r} is not the file of a picture with these digests")
        return self


def collect(out: Path, found: Iterable[Found], settings: Collecting, progress: Progress) -> list[Row]:
    """Return a row for each picture of the sources, in their order; withdrawn ones are left out.

    Each picture that is kept lies in the folder of the stage, under its digest. Of equal addresses, files or pixels the
    first is kept. Earlier answers are read from the journal; only errors that may have passed are tried again.
    """
    folder = stage_folder(out, "collect")
    withdrawn = withdrawn_digests(out)
    listed = [(address_digest(one.address), one) for one in found]
    asked: dict[str, Found] = {}
    for key, one in listed:
        if key not in withdrawn and not _refusal(one, settings):
            asked.setdefault(key, one)
    with Journal(folder / JOURNAL) as journal, Decoders(len(asked)) as decoders:
        store = _Store(out, folder, journal, decoders, withdrawn)
        waiting = {key: one for key, one in asked.items() if store.lacks(key)}
        for done, (key, answer) in enumerate(_answers(waiting, settings), start=1):
            store.add(key, answer)
            progress(STEP, done, len(waiting))
        withdrawn = withdrawn_digests(out)
        # pictures of sources that are not given this time stay
        entries = journal.entries(Collected)
        remove_others(folder, (one.file for key, one in entries if not withdrawn & {key, one.digest, one.pixels}))
        return list(_rows(listed, journal, settings, withdrawn))


class _Store:
    """Keep what was collected: the picture under its digest, then a line in the journal."""

    def __init__(
        self, out: Path, folder: Path, journal: Journal, decoders: Decoders, withdrawn: frozenset[str]
    ) -> None:
        self._out, self._folder, self._journal, self._decoders = out, folder, journal, decoders
        self._withdrawn = withdrawn

    def lacks(self, key: str) -> bool:
        """Return whether an address must be asked: never before, or with an error that may have passed."""
        known = self._journal.get(key, Collected)
        return known is None or known.transient or (bool(known.file) and not (self._folder / known.file).is_file())

    def add(self, key: str, answer: bytes | NotFetched) -> None:
        """Decode and write a picture, or the reason why there is none; nothing of a withdrawn one but its address."""
        if isinstance(answer, NotFetched):
            self._journal.add(key, Collected(reason=str(answer), transient=answer.is_transient))
            return
        digest = hashlib.sha256(answer).hexdigest()
        if digest in self._withdrawn:
            self._bury(key)
            return
        try:
            pixels = self._decoders.decode(answer, "picture")
        except UserError as error:
            reason = str(error).removeprefix("picture: ")
            self._journal.add(key, Collected(digest=digest, reason=reason))
            return
        if pixel_digest(pixels) in self._withdrawn:
            self._bury(key)
            return
        kind = kind_of(answer) or "picture"
        name = f"{PICTURES}/{digest}.{SUFFIXES.get(kind, kind.lower())}"
        write_whole(self._folder / name, answer)
        self._journal.add(key, Collected(digest=digest, pixels=pixel_digest(pixels), file=name))

    def _bury(self, key: str) -> None:
        stone: Tombstone = (key, "address")
        add_tombstones(self._out, [stone])


def _answers(waiting: Mapping[str, Found], settings: Collecting) -> Iterator[tuple[str, bytes | NotFetched]]:
    """Yield the content of each picture, or the reason why there is none: files first, then addresses."""
    for key, one in waiting.items():
        if one.read is not None:
            try:
                yield key, one.read(settings.limits.largest)
            except UserError as error:
                # the name of a file may name a person: what stands after a colon is not published
                yield key, NotFetched(f"the file cannot be read: {error}")
    keys = {one.address: key for key, one in waiting.items() if one.read is None}
    client = Client(settings.limits, settings.allow_private)
    for address, answer in fetch_each(list(keys), client, settings.delay):
        yield keys[address], answer if isinstance(answer, NotFetched) else answer.content


def _refusal(one: Found, settings: Collecting) -> str:
    """Return why a picture must not be used, whatever it shows; empty if it may be."""
    if one.consent == REFUSED:
        return "the person shown did not consent"
    if settings.licences and one.licence not in settings.licences:
        return f"not a licence that was asked for: {one.licence}"
    return ""


def _rows(
    listed: Sequence[tuple[str, Found]], journal: Journal, settings: Collecting, withdrawn: frozenset[str]
) -> Iterator[Row]:
    seen: set[str] = set()
    for key, one in listed:
        row = _row(key, one, journal.get(key, Collected) or Collected(reason="not collected"))
        if withdrawn & {key, row.digest, row.pixels}:
            continue
        reason = row.reason
        if refusal := _refusal(one, settings):
            row, reason = replace(row, file=""), refusal
        elif not reason:
            known = {key: "address", row.digest: "file", row.pixels: "picture"}
            reason = next((f"the same {kind} occurs before" for value, kind in known.items() if value in seen), "")
        if not reason:
            seen |= {key, row.digest, row.pixels}
        yield replace(row, decision="drop" if reason else "keep", reason=reason)


def _row(key: str, one: Found, collected: Collected) -> Row:
    return Row(
        address=key,
        source=one.address,
        query=one.query,
        licence=one.licence,
        consent=one.consent,
        tools=f"ferspec {ferspec.__version__}",
        **one.terms.model_dump(),
        **collected.model_dump(exclude={"transient"}),
    )
