"""Find pairs of copies among the pictures of stage 2."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ferspec.collection.journal import Digest, Journal
from ferspec.collection.manifest import Row
from ferspec.progress import Progress
from ferspec.records import Record

STEP = "comparing"
Pairs = Sequence[tuple[str, str]]


class FoundPairs(Record):
    """What the journal keeps of a search: the digests of each pair."""

    pairs: tuple[tuple[Digest, Digest], ...]


class _Pictures:
    """The pictures of rows, read when they are asked for."""

    def __init__(self, rows: Sequence[Row], stored: Callable[[Row], np.ndarray]) -> None:
        self._rows, self._stored = rows, stored

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> np.ndarray:
        if not 0 <= index < len(self._rows):
            raise IndexError(index)
        return self._stored(self._rows[index])


def copies_of(rows: Sequence[Row], journal: Journal, stored: Callable[[Row], np.ndarray], progress: Progress) -> Pairs:
    """Return the digests of each pair of copies, the earlier row first.

    ``stored(row)`` returns the pixels of a picture. The result is kept in the journal until the pictures change.
    """
    from ferspec.subjects.datasets.copies.search import find_copies

    digests = [row.digest for row in rows]
    key = "copies of " + hashlib.sha256(" ".join(digests).encode()).hexdigest()
    known = journal.get(key, FoundPairs)
    if known is None:
        found = find_copies(_Pictures(rows, stored), progress=partial(progress, STEP)) if len(rows) > 1 else ()
        pairs = tuple((digests[copy.first], digests[copy.second]) for copy in found)
        known = journal.add(key, FoundPairs(pairs=pairs))
    if unknown := {digest for pair in known.pairs for digest in pair}.difference(digests):
        raise journal.damaged(key, f"{min(unknown)} is not one of the compared pictures")
    return known.pairs
