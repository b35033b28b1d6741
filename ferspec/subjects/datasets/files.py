"""Reads every picture file below a folder, whatever its class."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ferspec.files import open_regular, read_bounded
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.decoders.pool import Decoders
from ferspec.subjects.datasets.kinds import is_picture
from ferspec.subjects.datasets.read_all import ReadImage, read_each
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.trees import LARGEST_IMAGE, Folder, fetch_files, walk


class Picture(Record):
    """A picture file: the sha256 of its bytes, and that of its upright pixels."""

    file: str
    pixels: str


def read_picture(path: Path) -> tuple[Picture, np.ndarray]:
    """Return the digests and the upright pixels (h, w, 3) uint8 of a picture.

    It is decoded in the sandbox, to RGB. ``UserError`` for anything but a picture.
    """
    content = read_bounded(path, LARGEST_IMAGE, "an image")
    with Decoders(1) as decoders:
        pixels = decoders.decode(content, str(path))
    return Picture(file=hashlib.sha256(content).hexdigest(), pixels=pixel_digest(pixels)), pixels


def list_files(folder: Path) -> Listing:
    """List every picture file below a folder, by its path relative to it; the classes are not read.

    ``UserError`` for links that lead out of the folder.
    """
    tree = Folder(folder)
    paths = [path for path, is_folder in walk(tree) if not is_folder and is_picture(tree, path)]
    ids = tuple(map(str, paths))
    return Listing("class folders", ids, np.zeros(len(ids), np.int64), fetch_files(tree, paths, ids)).turned()


def pictures_below(folder: Path, progress: Progress = silent) -> dict[str, Picture]:
    """Return the digests of each picture file below a folder, by relative path.

    A file that cannot be decoded has no digest of pixels. ``UserError`` as for ``list_files``.
    """
    listing = list_files(folder)
    found = {}
    for index, (name, read) in enumerate(zip(listing.ids, read_each(listing, lambda *_: None), strict=True)):
        if isinstance(read, ReadImage):
            found[name] = Picture(file=read.entry.bytes_sha256, pixels=read.entry.pixels_sha256)
        else:
            with open_regular(folder / name) as file:
                found[name] = Picture(file=hashlib.file_digest(file, "sha256").hexdigest(), pixels="")
        progress("reading", index + 1, len(listing))
    return found
