"""The findings of an inspection: a row for each image or pair, with the clause it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from ferspec import spec
from ferspec.records import Record
from ferspec.subjects.datasets.decode import SIXTEEN_BIT
from ferspec.subjects.datasets.inspection.names import address_in, likely_name_in
from ferspec.subjects.datasets.inspection.reading import InspectedSet
from ferspec.subjects.datasets.inspection.subject import BTFER, SIZED, Inspection
from ferspec.subjects.datasets.inspection.twins import Twin, TwinKind

ONE_CHANNEL = frozenset({"1", "L", "LA", "La"}) | SIXTEEN_BIT
PIXELS = "FER-I-05"
OCCURS_ONCE: dict[TwinKind, str] = {"exact": "FER-I-01", "changed": "FER-I-02"}


class Finding(Record):
    """One finding: the image with its class and split, and for a pair the other image, its set, class and split.

    ``what`` is the kind of finding. ``similarity`` and ``overlap`` are those of a pair. A ``suspicion`` changes no
    verdict to a failure.
    """

    check: str
    what: str
    image: str
    label: str
    split: str = ""
    other_set: str = ""
    other_image: str = ""
    other_label: str = ""
    other_split: str = ""
    similarity: float | None = None
    overlap: float | None = None
    detail: str = ""
    suspicion: bool = False

    @property
    def is_pair(self) -> bool:
        """Whether the finding is about two images."""
        return bool(self.other_image)


Find = Callable[[Inspection], Iterator[Finding]]


def unreadable(subject: Inspection) -> Iterator[Finding]:
    """Yield images that cannot be read."""
    for one in subject.images.unreadable:
        yield Finding(
            check="FER-I-03", what="unreadable", image=one.id, label=one.label, split=one.split, detail=one.reason
        )


def mis_sized(subject: Inspection) -> Iterator[Finding]:
    """Yield images of another size or colour than Table 1 says."""
    if subject.dataset not in {*SIZED, BTFER}:
        return
    known, images = spec.load().datasets[subject.dataset], subject.images
    check = "FER-D-06" if subject.dataset == BTFER else "FER-I-04"
    for place, (entry, facts) in enumerate(zip(images.entries, images.facts, strict=True)):
        if (entry.height, entry.width) != known.size:
            found = f"{entry.height} × {entry.width} instead of {known.size[0]} × {known.size[1]}"
            yield _finding(subject, place, check, "size", detail=found)
        elif known.colour == "gray" and not images.gray[place]:
            yield _finding(subject, place, check, "colour", detail="in colour instead of grey")
        elif known.colour == "rgb" and (images.gray.all() if facts is None else facts.mode in ONE_CHANNEL):
            yield _finding(subject, place, check, "colour", detail="grey instead of in colour")


def read_in_several_ways(subject: Inspection) -> Iterator[Finding]:
    """Yield files that programs read in different ways."""
    modes = spec.load().texts(PIXELS, "modes")
    frames, upright = spec.load().integer(PIXELS, "frames"), spec.load().integer(PIXELS, "orientation")
    for place, facts in enumerate(subject.images.facts):
        if facts is None:
            continue
        if facts.mode not in modes:
            yield _finding(subject, place, PIXELS, "mode", detail=f"mode {facts.mode} ({facts.format})")
        if facts.frames > frames:
            yield _finding(subject, place, PIXELS, "frames", detail=f"{facts.frames:,} frames ({facts.format})")
        if facts.orientation not in (None, upright):
            yield _finding(subject, place, PIXELS, "orientation", detail=f"EXIF orientation {facts.orientation}")


def identifying(subject: Inspection) -> Iterator[Finding]:
    """Yield files whose metadata may identify the people shown."""
    for place, facts in enumerate(subject.images.facts):
        if facts is not None and (entries := facts.identifying()):
            yield _finding(subject, place, "FER-D-12[metadata]", "metadata", detail=", ".join(entries))


def named(subject: Inspection) -> Iterator[Finding]:
    """Yield files whose name holds an address, or looks like a person's name."""
    for place, entry in enumerate(subject.images.entries):
        if (address := address_in(entry.path)) is not None:
            yield _finding(subject, place, "FER-D-12[file names]", "address", detail=address)
        elif (name := likely_name_in(entry.path)) is not None:
            yield _finding(subject, place, "FER-D-12[file names]", "name", detail=name, suspicion=True)


def repeated(subject: Inspection, kind: TwinKind) -> Iterator[Finding]:
    """Yield pairs of copies of one kind within one split."""
    images = subject.images
    check = f"FER-D-08[{kind} copies]" if subject.dataset == BTFER else OCCURS_ONCE[kind]
    for twin in subject.twins:
        if twin.kind == kind and images.splits[twin.first] == images.splits[twin.second]:
            yield _pair(subject, twin, images, check, f"{kind} copy")


def labelled_twice(subject: Inspection, kind: TwinKind) -> Iterator[Finding]:
    """Yield pairs of copies of one kind with two labels, in any splits."""
    entries = subject.images.entries
    for twin in subject.twins:
        if twin.kind == kind and entries[twin.first].label != entries[twin.second].label:
            yield _pair(subject, twin, subject.images, f"FER-D-10[{kind} copies]", f"two labels, {kind} copy")


def leaking(subject: Inspection, kind: TwinKind) -> Iterator[Finding]:
    """Yield pairs of copies of one kind in two splits, or in another set."""
    clause = "FER-D-11" if subject.dataset == BTFER else "FER-I-06"
    for twin in subject.crossing:
        if twin.kind == kind:
            yield _pair(subject, twin, subject.images, f"{clause}[{kind} copies]", f"in two splits, {kind} copy")
    for other, twins in zip(subject.others, subject.shared, strict=True):
        for twin in twins:
            if twin.kind == kind:
                yield _pair(subject, twin, other, f"{clause}[{kind} copies]", f"in another set, {kind} copy")


SINGLE: tuple[Find, ...] = (unreadable, mis_sized, read_in_several_ways, identifying, named)
PAIRS: tuple[Callable[[Inspection, TwinKind], Iterator[Finding]], ...] = (leaking, labelled_twice, repeated)
COPIES: tuple[TwinKind, ...] = ("exact", "changed")


def findings(subject: Inspection) -> tuple[Finding, ...]:
    """Return all findings: leakage first, then labels, copies, unreadable images, forms and identifiers."""
    pairs = (find(subject, kind) for find in PAIRS for kind in COPIES)
    return tuple(chain(chain.from_iterable(pairs), *(find(subject) for find in SINGLE)))


def _finding(
    subject: Inspection, place: int, check: str, what: str, detail: str = "", suspicion: bool = False
) -> Finding:
    entry, split = subject.images.entries[place], subject.images.splits[place]
    return Finding(
        check=check, what=what, image=entry.path, label=entry.label, split=split, detail=detail, suspicion=suspicion
    )


def _pair(subject: Inspection, twin: Twin, other: InspectedSet, check: str, what: str) -> Finding:
    first, second = subject.images.entries[twin.first], other.entries[twin.second]
    return Finding(
        check=check,
        what=what,
        image=first.path,
        label=first.label,
        split=subject.images.splits[twin.first],
        other_set=other.name,
        other_image=second.path,
        other_label=second.label,
        other_split=other.splits[twin.second],
        similarity=round(twin.similarity, 4),
        overlap=round(twin.overlap, 4),
    )
