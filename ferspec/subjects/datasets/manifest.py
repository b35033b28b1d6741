"""The list of images a dataset consists of, the digest that stands for all of them, and what they give away."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ferspec import spec
from ferspec.records import Record

SHOWN = 3


class Entry(Record):
    """One image: its path (or index) in the dataset, the sha256 of its bytes and of its decoded pixels, its label."""

    path: str
    bytes_sha256: str
    pixels_sha256: str
    height: int
    width: int
    label: str


def digest(entries: Iterable[Entry]) -> str:
    """Return the sha256 that stands for a manifest; the order of entries does not matter."""
    rows = sorted(json.dumps(entry.model_dump(), sort_keys=True, separators=(",", ":")) for entry in entries)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def support(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the number of images of each of the seven classes."""
    counted = Counter(entry.label for entry in entries)
    return {name: counted[name] for name in spec.load().classes}


def has_btfer_form(entries: Sequence[Entry]) -> bool:
    """Return whether there are 300 images of each class, all of 256 x 256 (FER-D, Table 1)."""
    btfer = spec.load().datasets["BTFER"]
    sizes = {(entry.height, entry.width) for entry in entries}
    return tuple(support(entries).values()) == btfer.counts and sizes == {btfer.size}


def manifest_notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return what is worth knowing of the images of a dataset, a line each: classes without images, other sizes than
    BTFER's, pictures that occur more than once, and pictures that occur under different labels."""
    return (*_missing_classes(entries), *_other_sizes(entries), *repeated_pictures(entries))


def repeated_pictures(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a line on pictures that occur more than once, and one on those that occur under different labels."""
    pictures: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        pictures[entry.pixels_sha256].append(entry)
    repeated = [alike for alike in pictures.values() if len(alike) > 1]
    same = [alike for alike in repeated if len({entry.label for entry in alike}) == 1]
    conflicting = [alike for alike in repeated if len({entry.label for entry in alike}) > 1]
    if same:
        yield f"pictures that occur more than once under one label: {len(same):,} ({_examples(same)})"
    if conflicting:
        yield f"pictures that occur under different labels: {len(conflicting):,} ({_examples(conflicting)})"


def _missing_classes(entries: Sequence[Entry]) -> Iterator[str]:
    present = {entry.label for entry in entries}
    missing = [name for name in spec.load().classes if name not in present]
    if missing:
        yield f"no images of {', '.join(missing)}"


def _other_sizes(entries: Sequence[Entry]) -> Iterator[str]:
    height, width = spec.load().datasets["BTFER"].size
    others = Counter((e.width, e.height) for e in entries if (e.height, e.width) != (height, width))
    if others:
        common = _first((f"{count:,} of {w}x{h}" for (w, h), count in others.most_common()), ", ")
        yield f"{others.total():,} of {len(entries):,} images are not {width}x{height}: {common}"


def _examples(pictures: list[list[Entry]]) -> str:
    return _first((_first((f"{entry.path} {entry.label}" for entry in alike), " = ") for alike in pictures), "; ")


def _first(words: Iterable[str], between: str) -> str:
    listed = list(words)
    return between.join(listed[:SHOWN] + ["…"] * (len(listed) > SHOWN))
