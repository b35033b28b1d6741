"""Describe how an image file stores its picture, and which metadata it carries: run inside a decoder."""

from __future__ import annotations

import io
import json
import warnings
from typing import TYPE_CHECKING, Any

from ferspec.subjects.datasets.decode import EXIF_ORIENTATION
from ferspec.subjects.datasets.kinds import FORMATS

if TYPE_CHECKING:
    from PIL import Image, ImageFile

EXIF_IFD, GPS_IFD, USER_COMMENT = 0x8769, 0x8825, 0x9286
# stands among the tags for data that cannot be read
DAMAGED = -1
# the bytes before a user's comment that name its character code
CODE = 8
# files of two cameras in one, which every program reads as its first picture
SINGLE = frozenset({"JPEG", "MPO"})
# a file may hold any number of entries; what is left of an answer has room for this much of them
MOST_TAGS, MOST_TEXTS, LONGEST_KEY, LONGEST_TEXT = 64, 12, 40, 60
# text chunks of PNG files that hold metadata of the other kinds
KINDS_OF_TEXT = {
    "XML:com.adobe.xmp": "xmp",
    "Raw profile type xmp": "xmp",
    "Raw profile type iptc": "iptc",
    "Raw profile type exif": "exif",
    "Raw profile type APP1": "exif",
}


def described(data: bytes) -> bytes:
    """Return JSON on an image file that can be decoded: format, mode, frames, orientation, metadata.

    ``exif`` lists the tags with a value, and ``DAMAGED``. ``texts`` are the keywords and the beginnings
    of comments. Each list is cut off at a limit.
    """
    from PIL import Image

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            facts = _facts(image)
    # Pillow warns of damaged data, and skips them
    if any("EXIF" in str(warning.message) for warning in warned):
        facts["exif"] = [*facts["exif"], DAMAGED]
    return json.dumps(facts).encode()


def _facts(image: ImageFile.ImageFile) -> dict[str, Any]:
    from PIL import IptcImagePlugin

    # text chunks of a PNG file may follow the pixels
    texts = {**getattr(image, "text", {})}
    if (comment := image.info.get("comment")) is not None:
        texts["comment"] = comment
    kinds = {KINDS_OF_TEXT.get(key) for key in texts}
    exif, orientation, gps = _exif(image)
    return {
        "format": image.format,
        "mode": image.mode,
        "frames": 1 if image.format in SINGLE else int(getattr(image, "n_frames", 1)),
        "orientation": orientation,
        "exif": exif + [DAMAGED] * ("exif" in kinds and not exif),
        "gps": gps,
        "xmp": bool(image.info.get("xmp")) or "xmp" in kinds,
        "iptc": "iptc" in kinds or _holds(lambda: IptcImagePlugin.getiptcinfo(image)),
        "texts": [
            [str(key)[:LONGEST_KEY], _text(value)[:LONGEST_TEXT]]
            for key, value in texts.items()
            if key not in KINDS_OF_TEXT and _text(value)
        ][:MOST_TEXTS],
    }


def _exif(image: Image.Image) -> tuple[list[int], int | None, bool]:
    """Return the tags that have a value, the orientation, and whether a place is noted."""
    try:
        exif = image.getexif()
        entries, places = {**exif, **exif.get_ifd(EXIF_IFD)}, exif.get_ifd(GPS_IFD)
        orientation = exif.get(EXIF_ORIENTATION)
        if isinstance(comment := entries.get(USER_COMMENT), bytes):
            entries[USER_COMMENT] = comment[CODE:]
        tags = sorted(int(tag) for tag, value in entries.items() if _text(value))
        gps = any(_text(value) for tag, value in places.items() if tag)
        return tags[:MOST_TAGS], orientation if type(orientation) is int else None, gps
    except Exception:  # damaged or hostile EXIF data can raise anything
        return [DAMAGED], None, False


def _holds(read: Any) -> bool:
    try:
        return bool(read())
    except Exception:  # as above: damaged metadata is there all the same
        return True


def _text(value: object) -> str:
    """Return a value as text without blanks around it; empty for one that is filled with blanks or zeros."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip(" \t\r\n\0")
