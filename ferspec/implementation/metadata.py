"""Find metadata in an image file that may identify the people in the image."""

from __future__ import annotations

import io

# Text chunks of PNG files that hold metadata of the other kinds.
KINDS_OF_TEXT = {
    "XML:com.adobe.xmp": "XMP",
    "Raw profile type xmp": "XMP",
    "Raw profile type iptc": "IPTC",
    "Raw profile type exif": "EXIF",
    "Raw profile type APP1": "EXIF",
}


def identifying(data: bytes) -> list[str]:
    """List the metadata of a JPEG, PNG or WebP file that may identify people.

    The result has "EXIF", "XMP", "IPTC" and "comment", in that order. Other text chunks of a PNG file count as
    comments. Raise ``UserError`` for a damaged file or another format. Source: FER-D-12.
    """
    from PIL import Image, IptcImagePlugin, UnidentifiedImageError

    from ferspec.errors import UserError

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            image.load()  # metadata may follow the pixels
            kinds_of_text = {KINDS_OF_TEXT.get(name, "comment") for name in getattr(image, "text", {})}
            entries = {
                "EXIF": image.getexif(),
                "XMP": image.info.get("xmp"),
                "IPTC": IptcImagePlugin.getiptcinfo(image),
                "comment": image.info.get("comment"),
            }
    except UnidentifiedImageError:
        raise UserError("the file is not a JPEG, PNG or WebP image: give one of these") from None
    except OSError as error:
        raise UserError(f"the image file is damaged ({error})") from None
    return [kind for kind, content in entries.items() if content or kind in kinds_of_text]
