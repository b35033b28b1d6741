"""Define what a withdrawal did."""

from __future__ import annotations

from ferspec.records import Count, Record
from ferspec.subjects.certificates.uses import Use


class Withdrawal(Record):
    """What a withdrawal removed from a folder, and which certificates used the picture.

    ``digests`` are all by which the picture was known, of its file, its pixels and its face; ``files`` are relative to
    the folder; ``lines`` counts those of manifests, journals and decisions. ``replacement`` says what takes its place.
    ``outdated`` names the files of the set whose counts could not be corrected, since they were rewritten by hand.
    ``certificates`` is None where none were searched.
    """

    folder: str
    digests: tuple[str, ...]
    files: tuple[str, ...]
    lines: Count
    replacement: str
    outdated: tuple[str, ...] = ()
    certificates: tuple[Use, ...] | None = None
