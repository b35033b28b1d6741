"""Recognise the kind of a picture file by its content; suffixes are often wrong."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferspec.subjects.datasets.readers.trees import Tree

# Pillow's names of the formats that are decoded, and how their files begin
READ = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "WEBP": rb"RIFF.{4}WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "PPM": rb"P[1-6]\s[\s\d#]",
    "JPEG2000": rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
    "AVIF": rb".{4}ftyp(.{4})*?avi[fs]",
}
# kinds that photographs arrive in, and that Pillow cannot decode
NOT_READ = {
    "HEIC": rb".{4}ftyp(.{4})*?(hei[cmsx]|hev[cmsx]|mif1|msf1)",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
}
FORMATS = tuple(READ)
# files with these suffixes are pictures without a look at their content: decoding fails for any other
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
HEAD = 64
_KINDS = {name: re.compile(start, re.DOTALL) for name, start in (READ | NOT_READ).items()}


def kind_of(content: bytes) -> str | None:
    """Return the kind of a picture file by its first bytes; None for any other."""
    return next((name for name, start in _KINDS.items() if start.match(content[:HEAD])), None)


def kind_in(tree: Tree, path: PurePosixPath) -> str | None:
    """Return the kind of a file as ``kind_of`` does; None for anything but a regular file."""
    return kind_of(tree.head(path, HEAD))


def is_picture(tree: Tree, path: PurePosixPath) -> bool:
    """Return whether a file is to be decoded: by its suffix, or by its content under any other suffix."""
    return path.suffix.lower() in SUFFIXES or kind_in(tree, path) in READ
