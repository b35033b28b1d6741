"""Images that cannot be read, listed before the one line that refuses them."""

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
    """Within it, images that cannot be read are listed on stderr, a line each, before their refusal is passed on.

    What Pillow warns of (damaged EXIF data, a huge picture) is held back: an image is read, or listed with the reason.
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
