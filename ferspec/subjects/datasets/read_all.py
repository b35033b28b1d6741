"""Read every image of a listing once, in threads and in order."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.decoders.pool import AHEAD as FILES_OF_ONE
from ferspec.subjects.datasets.decoders.pool import Decoders
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.examples import first_few

THREADS = min(8, os.cpu_count() or 1)
# a decoder is sent its next file while another thread waits for its last one
READERS = FILES_OF_ONE * THREADS
AHEAD = 2 * READERS

T = TypeVar("T")


class ReadImage(NamedTuple, Generic[T]):
    """Hold the manifest entry of an image, and the result of examining its pixels."""

    entry: Entry
    value: T


class UnreadableImages(UserError):
    """Count unreadable images and name the first few; ``images`` lists all errors."""

    def __init__(self, name: str, errors: Sequence[UserError], total: int, hint: str = "") -> None:
        self.images = tuple(map(str, errors))
        examples = first_few(self.images, "; ")
        super().__init__(f"{name}: {len(errors):,} of {total:,} images cannot be read: {examples}{hint}")


def read_each(
    listing: Listing,
    examine: Callable[[int, np.ndarray], T],
    note: Callable[[int, bytes], None] | None = None,
) -> Iterator[ReadImage[T] | UserError]:
    """Yield every image of a listing in order, or the error for an unreadable image.

    Image files are decoded in sandboxed processes. ``examine(index, pixels)`` is called in threads; at most ``AHEAD``
    images are read in advance. ``note(index, facts)`` is called before it, with the JSON of ``facts.described``, where
    the image is a file; ``facts`` is empty if it cannot be described.
    """

    def read(index: int) -> ReadImage[T] | UserError:
        def decode(data: bytes, name: str, turned: bool) -> np.ndarray:
            pixels = decoders.decode(data, name, turned)
            if note is not None:
                try:
                    note(index, decoders.describe(data, name))
                except UserError:  # the pixels can be read, the metadata cannot
                    note(index, b"")
            return pixels

        try:
            data, pixels = listing.fetch(index, decode)
        except UserError as error:
            return error
        return ReadImage(_entry(listing, index, data, pixels), examine(index, pixels))

    with Decoders(len(listing)) as decoders, ThreadPoolExecutor(max_workers=READERS) as threads:
        ahead: deque[Future[ReadImage[T] | UserError]] = deque()
        try:
            for index in range(len(listing)):
                ahead.append(threads.submit(read, index))
                if len(ahead) == AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for waiting in ahead:
                waiting.cancel()


def _entry(listing: Listing, index: int, data: bytes, pixels: np.ndarray) -> Entry:
    return Entry(
        path=listing.ids[index],
        bytes_sha256=hashlib.sha256(data).hexdigest(),
        pixels_sha256=pixel_digest(pixels),
        height=pixels.shape[0],
        width=pixels.shape[1],
        label=spec.load().classes[listing.labels[index]],
    )
