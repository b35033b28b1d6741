"""Define the manifest of a dataset: its entries, digest, support and notes."""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ferspec import spec
from ferspec.records import Record
from ferspec.subjects.datasets.published_counts import explanation
from ferspec.subjects.examples import first_few

REPEATED = "images that occur more than once with one label"
DOUBLED = "all images occur twice, as in a doubled tree"
# of the digest of a file, in place of its name
NAMED = 16
# the notes of readers that name files: images outside the class folders, and rows of a table of groups
EXAMPLES = re.compile(
    r"^(images outside the class folders were skipped: [\d,]+|rows of .+ without an image: [\d,]+) \(.*\)$"
)


class Entry(Record):
    """Describe one image: path or index, sha256 of file and pixels, size and label."""

    path: str
    bytes_sha256: str
    pixels_sha256: str
    height: int
    width: int
    label: str


def without_names(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries whose paths are the class and the digest of the file.

    A file name may be that of a person (FER-D-12), and a certificate is published.
    """
    return tuple(entry.model_copy(update={"path": f"{entry.label}/{entry.bytes_sha256[:NAMED]}"}) for entry in entries)


def without_examples(note: str) -> str:
    """Return a note without the names of files that it gives as examples."""
    return EXAMPLES.sub(r"\1", note)


def digest(entries: Iterable[Entry]) -> str:
    """Return the sha256 of a manifest, independent of the order of entries."""
    rows = sorted(json.dumps(entry.model_dump(), sort_keys=True, separators=(",", ":")) for entry in entries)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def support(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the number of images of each of the seven classes."""
    counted = Counter(entry.label for entry in entries)
    return {name: counted[name] for name in spec.load().classes}


def has_btfer_form(entries: Sequence[Entry]) -> bool:
    """Return whether each class has 300 images of 256 x 256 (Table 1)."""
    btfer = spec.load().datasets["BTFER"]
    sizes = {(entry.height, entry.width) for entry in entries}
    counts = tuple(support(entries).values())
    return len(entries) == btfer.total and counts == btfer.counts and sizes == {btfer.size}


def has_btfer_counts(labels: np.ndarray) -> bool:
    """Return whether each class (n,) has as many images as in BTFER (Table 1)."""
    counts = np.bincount(labels, minlength=len(spec.load().classes))
    return tuple(counts.tolist()) == spec.load().datasets["BTFER"].counts


def manifest_notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return notes on a dataset, one line each.

    Noted are missing classes, sizes other than BTFER's, duplicate images, duplicates with different labels, and the
    counts of Table 1 under other classes.
    """
    return (*_missing_classes(entries), *_other_sizes(entries), *duplicate_notes(entries), *_count_notes(entries))


def noteworthy(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return the notes on a dataset without those on sizes, which only BTFER prescribes."""
    return (*_missing_classes(entries), *duplicate_notes(entries), *_count_notes(entries))


def duplicate_notes(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield notes on duplicate images with one label and with different labels."""
    entries_by_pixels: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        entries_by_pixels[entry.pixels_sha256].append(entry)
    duplicates = [group for group in entries_by_pixels.values() if len(group) > 1]
    same = [group for group in duplicates if len({entry.label for entry in group}) == 1]
    conflicting = [group for group in duplicates if len({entry.label for entry in group}) > 1]
    if same:
        doubled = 2 * len(same) == len(entries) == 2 * len(entries_by_pixels)
        yield f"{DOUBLED if doubled else REPEATED}: {len(same):,} ({_examples(same)})"
    if conflicting:
        yield f"images that occur with different labels: {len(conflicting):,} ({_examples(conflicting)})"


def _missing_classes(entries: Sequence[Entry]) -> Iterator[str]:
    present = {entry.label for entry in entries}
    missing = [name for name in spec.load().classes if name not in present]
    if missing:
        yield f"no images of {', '.join(missing)}"


def _other_sizes(entries: Sequence[Entry]) -> Iterator[str]:
    height, width = spec.load().datasets["BTFER"].size
    others = Counter((e.width, e.height) for e in entries if (e.height, e.width) != (height, width))
    if others:
        common = first_few(f"{count:,} of {w}x{h}" for (w, h), count in others.most_common())
        yield f"{others.total():,} of {len(entries):,} images are not {width}x{height}: {common}"


def _count_notes(entries: Sequence[Entry]) -> Iterator[str]:
    if (found := explanation(tuple(support(entries).values()))) is not None:
        yield found


def _examples(groups: list[list[Entry]]) -> str:
    return first_few((first_few((f"{entry.path} {entry.label}" for entry in group), " = ") for group in groups), "; ")
