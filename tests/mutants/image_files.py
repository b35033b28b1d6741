"""Image files whose entries about people are overlooked (FER-D-12)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable

from mutants.kinds import refusing, right, wrong

ALL_KINDS = ("EXIF", "XMP", "IPTC", "comment")


def found_in(data: bytes) -> set[str]:
    """What the bytes of a file hold, by the marks that each kind begins with."""
    marks = {"EXIF": (b"Exif\0\0", b"eXIf"), "IPTC": (b"8BIM\x04\x04",), "XMP": (b"<x:xmpmeta",)}
    found = {kind for kind, begins in marks.items() if any(begin in data for begin in begins)}
    is_png = data.startswith(b"\x89PNG")
    texts = [data.count(b"tEXt") + data.count(b"zTXt") + data.count(b"iTXt") - data.count(b"XML:com.adobe.xmp")]
    if (is_png and texts[0] > 0) or (not is_png and b"\xff\xfe" in data[:4096]):
        found.add("comment")
    return found


def looking_for(*kinds: str, forms: tuple[bytes, ...] = (b"\x89PNG", b"\xff\xd8")) -> Callable[[str], list[str]]:
    """Right, but that only these kinds are looked for, in files that begin so."""

    def identifying_entries(file: str) -> list[str]:
        data = b64decode(file)
        return sorted(found_in(data) & set(kinds)) if data.startswith(forms) else []

    return identifying_entries


def png_texts_by_exif_alone(file: str) -> list[str]:
    data = b64decode(file)
    return sorted(found_in(data) - ({"comment", "XMP"} if data.startswith(b"\x89PNG") else set()))


def plain_texts_only(file: str) -> list[str]:
    data = b64decode(file)
    found = found_in(data)
    return sorted(found - {"comment"} if data.startswith(b"\x89PNG") and b"tEXt" not in data else found)


MUTANTS = (
    wrong("FER-D-12", "nothing is looked for", identifying_entries=looking_for()),
    wrong("FER-D-12", "only EXIF is looked for", identifying_entries=looking_for("EXIF")),
    *(
        wrong("FER-D-12", f"{missing} overlooked", identifying_entries=looking_for(*(set(ALL_KINDS) - {missing})))
        for missing in ALL_KINDS
    ),
    wrong("FER-D-12", "PNG files overlooked", identifying_entries=looking_for(*ALL_KINDS, forms=(b"\xff\xd8",))),
    wrong("FER-D-12", "JPEG files overlooked", identifying_entries=looking_for(*ALL_KINDS, forms=(b"\x89PNG",))),
    wrong("FER-D-12", "text of PNG files overlooked", identifying_entries=png_texts_by_exif_alone),
    wrong("FER-D-12", "compressed and international text overlooked", identifying_entries=plain_texts_only),
    wrong(
        "FER-D-12",
        "only EXIF is looked for, and PNG files refused",
        identifying_entries=refusing(
            lambda asked: b64decode(asked["file"]).startswith(b"\x89PNG"), looking_for("EXIF")
        ),
    ),
    wrong(
        "FER-D-12",
        "every file is said to hold EXIF",
        identifying_entries=lambda file: sorted({"EXIF", *looking_for(*ALL_KINDS)(file)}),
    ),
    right("FER-D-12", "found by the marks in the bytes", identifying_entries=looking_for(*ALL_KINDS)),
)
