"""What an image file carries besides its pixels that may identify the people on it."""

from __future__ import annotations

import io

# Text chunks of PNG files in which programs keep the other kinds.
KINDS_OF_TEXT = {
    "XML:com.adobe.xmp": "XMP",
    "Raw profile type xmp": "XMP",
    "Raw profile type iptc": "IPTC",
    "Raw profile type exif": "EXIF",
    "Raw profile type APP1": "EXIF",
}


def identifying(data: bytes) -> list[str]:
    """Return which of "EXIF", "XMP", "IPTC" and "comment" an encoded JPEG, PNG or WebP image holds, in that order.

    Every text of a PNG that is none of the others is a comment.
    ``UserError`` for another file, or a damaged one. FER-D-12.
    """
    from PIL import Image, IptcImagePlugin, UnidentifiedImageError

    from ferspec.errors import UserError

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            image.load()  # entries may stand behind the pixels
            texts = getattr(image, "text", {})
            found = {KINDS_OF_TEXT.get(name, "comment") for name in texts}
            held = {
                "EXIF": image.getexif(),
                "XMP": image.info.get("xmp"),
                "IPTC": IptcImagePlugin.getiptcinfo(image),
                "comment": image.info.get("comment"),
            }
    except UnidentifiedImageError:
        raise UserError("the file is no JPEG, PNG or WebP image: give one of these") from None
    except OSError as error:
        raise UserError(f"the image file is damaged ({error})") from None
    return [kind for kind, content in held.items() if content or kind in found]
