"""Small image files, clean or with entries that may identify people, made with Pillow."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

TEXT = "name of the person shown"
ARTIST, DESCRIPTION = 0x013B, 0x010E
XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    f'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Credit="{TEXT}"/></rdf:RDF></x:xmpmeta>'
    '<?xpacket end="w"?>'
).encode()


@dataclass(frozen=True)
class Example:
    """A file and the kinds of entries in it; some have a second accepted kind."""

    write: Callable[[], bytes]
    holds: frozenset[str] = frozenset()
    may_be_called: frozenset[str] = frozenset()

    def base64(self) -> str:
        """Return the file as text."""
        return b64encode(self.write()).decode()


def _jpeg(**entries: object) -> bytes:
    return _saved("JPEG", dpi=(72, 72), **entries)


def _png(**entries: object) -> bytes:
    return _saved("PNG", dpi=(72, 72), **entries)


def _saved(form: str, **entries: object) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8, 8), (120, 90, 60)).save(file, form, **entries)
    return file.getvalue()


def _exif() -> Image.Exif:
    from PIL import Image

    exif = Image.Exif()
    exif[ARTIST], exif[DESCRIPTION] = TEXT, TEXT
    return exif


def _with_iptc(jpeg: bytes) -> bytes:
    """Put a caption into a JPEG: an IPTC-NAA record, in a Photoshop resource, in the segment APP13."""
    caption = b"\x1c\x02\x78" + len(TEXT).to_bytes(2, "big") + TEXT.encode()
    padded = caption + b"\0" * (len(caption) % 2)
    resource = b"Photoshop 3.0\0" + b"8BIM" + b"\x04\x04" + b"\0\0" + len(caption).to_bytes(4, "big") + padded
    return jpeg[:2] + b"\xff\xed" + (len(resource) + 2).to_bytes(2, "big") + resource + jpeg[2:]


def _png_with_text(keyword: str, text: str, chunk: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if chunk == "iTXt":
        info.add_itxt(keyword, text)
    else:
        info.add_text(keyword, text, zip=chunk == "zTXt")
    return _png(pnginfo=info)


def _holding(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


EXAMPLES = {
    "a JPEG without entries": Example(_jpeg),
    "a PNG without entries": Example(_png),
    "a JPEG with EXIF": Example(lambda: _jpeg(exif=_exif()), _holding("EXIF")),
    "a JPEG with XMP": Example(lambda: _jpeg(xmp=XMP), _holding("XMP")),
    "a JPEG with IPTC": Example(lambda: _with_iptc(_jpeg()), _holding("IPTC")),
    "a JPEG with a comment": Example(lambda: _jpeg(comment=TEXT), _holding("comment")),
    "a JPEG with all four": Example(
        lambda: _with_iptc(_jpeg(exif=_exif(), xmp=XMP, comment=TEXT)), _holding("EXIF", "XMP", "IPTC", "comment")
    ),
    "a PNG with EXIF": Example(lambda: _png(exif=_exif()), _holding("EXIF")),
    "a PNG with a text": Example(lambda: _png_with_text("Author", TEXT, "tEXt"), _holding("comment")),
    "a PNG with an international text": Example(lambda: _png_with_text("Title", TEXT, "iTXt"), _holding("comment")),
    "a PNG with a compressed text": Example(lambda: _png_with_text("Comment", TEXT, "zTXt"), _holding("comment")),
    # a PNG file has XMP in a text chunk
    "a PNG with XMP": Example(
        lambda: _png_with_text("XML:com.adobe.xmp", XMP.decode(), "iTXt"), _holding("XMP"), _holding("comment")
    ),
}
