"""Recognise BTFER by its pictures (FER-D-13, FER-D-14)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ferspec import spec
from ferspec.records import Count, Record
from ferspec.spec.pictures import Pictures, ReducedPicture
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.recognition.reduce import Reading, Reduction


class Recognition(Record):
    """How a set in the BTFER form was compared with the known pictures of BTFER.

    ``pictures`` counts the different known pictures that were found, each under one of its labels; ``known`` the
    images that show them, ``unknown`` all others. Of these, ``mislabelled`` are known pictures under another label,
    ``repeated`` are known pictures that occur twice under a label, and ``similar`` resemble a known picture by their
    hash, as after decoding by other software. ``disagreeing`` images differ from their own 48 × 48 pixels.
    ``reading`` is how ties were read when the images were shrunk.
    """

    by: Literal["48 × 48 reductions", "the publisher's digests"]
    recognised: bool
    reading: Reading
    pictures: Count
    known: Count
    unknown: Count
    mislabelled: Count
    repeated: Count
    similar: Count
    disagreeing: Count


@dataclass(frozen=True, eq=False)
class Found:
    """A recognition, which images are known (n,), and the shrunk images it is based on."""

    recognition: Recognition
    known: np.ndarray
    reductions: tuple[Reduction, ...]


def recognise(entries: Sequence[Entry], reductions: Mapping[Reading, Sequence[Reduction]], pictures: Pictures) -> Found:
    """Recognise a set under the reading of ties that finds most of its pictures."""
    found = [recognise_under(reading, entries, reduced, pictures) for reading, reduced in reductions.items()]
    return max(found, key=lambda one: (one.recognition.recognised, one.recognition.pictures, one.recognition.similar))


def recognise_under(
    reading: Reading, entries: Sequence[Entry], reductions: Sequence[Reduction], pictures: Pictures
) -> Found:
    """Recognise a set in the BTFER form by its manifest and its shrunk images."""
    matches = _published(entries, pictures) if pictures.published else _reduced(reductions, pictures.reduced)
    counted = _counted(matches, [entry.label for entry in entries])
    disagreeing = sum(reduction.disagreement > _most_disagreement() for reduction in reductions)
    different = len({match.picture for match, known in zip(matches, counted, strict=True) if known})
    return Found(
        Recognition(
            by="the publisher's digests" if pictures.published else "48 × 48 reductions",
            recognised=different >= spec.load().integer("FER-D-13", "least")
            and (bool(pictures.published) or not disagreeing),
            reading=reading,
            pictures=different,
            known=int(counted.sum()),
            unknown=int((~counted).sum()),
            mislabelled=sum(match.picture is not None and not match.labelled for match in matches),
            repeated=int((~counted & np.array([match.labelled for match in matches], bool)).sum()),
            similar=_similar(reductions, matches, pictures.reduced),
            disagreeing=disagreeing,
        ),
        counted,
        tuple(reductions),
    )


@dataclass(frozen=True)
class _Match:
    """The known picture that an image shows, and whether its label is known."""

    picture: int | None
    labelled: bool = False


def _reduced(reductions: Iterable[Reduction], pictures: Iterable[ReducedPicture]) -> list[_Match]:
    listed = {picture.sha256_rgb48: (row, picture.labelled) for row, picture in enumerate(pictures)}
    none: tuple[None, frozenset[str]] = (None, frozenset())
    found = [(listed.get(reduction.sha256_rgb48, none), reduction.sha256_rgb48_label) for reduction in reductions]
    return [_Match(row, digest in labelled) for (row, labelled), digest in found]


def _published(entries: Iterable[Entry], pictures: Pictures) -> list[_Match]:
    """Match files or pixels with the publisher's digests; each includes the label."""
    rows = {
        digest: row
        for row, picture in enumerate(pictures.published)
        for digest in (picture.sha256_file_label, picture.sha256_pixels_label)
        if digest is not None
    }
    found = [next((rows[digest] for digest in labelled_digests(entry) if digest in rows), None) for entry in entries]
    return [_Match(row, row is not None) for row in found]


def labelled_digests(entry: Entry) -> tuple[str, str]:
    """Return the digests of file and pixels with the label, as a publisher states them."""
    file, pixels = (
        hashlib.sha256(f"{digest}{entry.label}".encode()).hexdigest()
        for digest in (entry.bytes_sha256, entry.pixels_sha256)
    )
    return file, pixels


def _counted(matches: Iterable[_Match], labels: Iterable[str]) -> np.ndarray:
    """Return which images count as known: the first of each picture under each of its labels."""
    seen: set[tuple[int | None, str]] = set()
    counted = []
    for match, label in zip(matches, labels, strict=True):
        counted.append(match.labelled and (match.picture, label) not in seen)
        seen.add((match.picture, label))
    return np.array(counted, bool)


def _similar(reductions: Sequence[Reduction], matches: Sequence[_Match], pictures: Sequence[ReducedPicture]) -> int:
    """Return how many images without a match resemble a known picture by their hash."""
    others = [reduction for reduction, match in zip(reductions, matches, strict=True) if match.picture is None]
    if not others or not pictures:
        return 0
    ours, theirs = _signs(others, lambda one: one.bits256), _signs(pictures, lambda one: one.bits256)
    distances = (theirs.shape[1] - ours @ theirs.T) / 2
    return int((distances.min(axis=1) <= spec.load().integer("FER-D-13", "distance")).sum())


def _signs(rows: Sequence[Record], bits: Callable[..., str]) -> np.ndarray:
    """Return the bits of hashes (n, 256) as 1 and -1."""
    packed = np.array([np.frombuffer(bytes.fromhex(bits(row)), np.uint8) for row in rows])
    return 2 * np.unpackbits(packed, axis=1).astype(np.float32) - 1


def _most_disagreement() -> float:
    return spec.load().number("FER-D-14", "most")
