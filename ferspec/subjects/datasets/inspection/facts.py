"""Hold and check what a decoder says about an image file."""

from __future__ import annotations

from functools import cache

from pydantic import ValidationError

from ferspec import spec
from ferspec.records import Count, Record
from ferspec.subjects.datasets.decoders.facts import DAMAGED, MOST_TAGS, MOST_TEXTS

CLAUSE = "FER-D-12"
# how long a keyword may be that is quoted
LONGEST = 40


class FileFacts(Record):
    """How an image file stores its picture, and its metadata as ``decoders.facts.described`` lists them."""

    format: str
    mode: str
    frames: Count
    orientation: int | None
    exif: tuple[int, ...]
    gps: bool
    xmp: bool
    iptc: bool
    texts: tuple[tuple[str, str], ...]

    def identifying(self) -> tuple[str, ...]:
        """Return the names of entries that may identify the people in the picture (FER-D-12)."""
        named = identifying_tags()
        found = [f"EXIF {named[tag]}" for tag in self.exif if tag in named]
        found += ["damaged metadata"] * (DAMAGED in self.exif) + ["EXIF GPS"] * self.gps
        found += ["XMP"] * self.xmp + ["IPTC"] * self.iptc
        found += [_said(key) for key, text in self.texts if not is_harmless(key, text)]
        if len(self.exif) == MOST_TAGS or len(self.texts) == MOST_TEXTS:
            found.append("more metadata than is read")
        return tuple(dict.fromkeys(found))


# what is known of a file whose description failed
UNKNOWN = FileFacts(
    format="unknown",
    mode="unknown",
    frames=1,
    orientation=None,
    exif=(DAMAGED,),
    gps=False,
    xmp=False,
    iptc=False,
    texts=(),
)


def parse_facts(answer: bytes) -> FileFacts:
    """Return the checked answer of a decoder; ``UNKNOWN`` for one that is not valid."""
    try:
        return FileFacts.model_validate_json(answer)
    except ValidationError:
        return UNKNOWN


def is_harmless(key: str, text: str) -> bool:
    """Return whether a comment only names a program or a date."""
    programs = spec.load().texts(CLAUSE, "programs")
    return key in spec.load().texts(CLAUSE, "keywords") or (key == "comment" and text.startswith(programs))


@cache
def identifying_tags() -> dict[int, str]:
    """Return the EXIF tags that may identify people, with their names."""
    from PIL.ExifTags import TAGS

    wanted = set(spec.load().texts(CLAUSE, "exif"))
    return {tag: name for tag, name in TAGS.items() if name in wanted}


def _said(key: str) -> str:
    return "comment" if key == "comment" else f"text {key[:LONGEST]}"
