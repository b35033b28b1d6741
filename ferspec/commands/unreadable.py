"""Lists images that cannot be read before the error message about them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ferspec.report.words import plain
from ferspec.subjects.datasets.read_all import UnreadableImages

LISTED = 50


@contextmanager
def listing_unreadable() -> Iterator[None]:
    """List unreadable images on stderr, one per line, and raise the error again.

    Suppress Pillow's warnings (damaged EXIF data, a huge picture): an image is read, or listed with the reason.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    except UnreadableImages as refusal:
        for image in refusal.images[:LISTED]:
            print(plain(image), file=sys.stderr)
        more = len(refusal.images) - LISTED
        if more > 0:
            print(f"and {more:,} more", file=sys.stderr)
        raise
