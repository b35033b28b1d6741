"""Define the messages between the judge and a decoder: a fixed header, then raw bytes."""

from __future__ import annotations

import os
import struct
from typing import IO, NamedTuple

MAGIC = b"FERD"
REQUEST = struct.Struct("<4sI?Q")
ANSWER = struct.Struct("<4sIIIQ")
CHANNELS = 3
LONGEST_TEXT = 1000


class Broken(Exception):
    """An answer is not one that a decoder may give."""


class Request(NamedTuple):
    """Announce ``length`` bytes of an image file; ``turned`` applies its EXIF orientation."""

    number: int
    turned: bool
    length: int

    def header(self) -> bytes:
        return REQUEST.pack(MAGIC, self.number, self.turned, self.length)


class Answer(NamedTuple):
    """Announce ``length`` bytes: RGB pixels, or a text in UTF-8 where height and width are 0."""

    number: int
    height: int
    width: int
    length: int

    @property
    def refuses(self) -> bool:
        """Whether a text follows that says why the file cannot be decoded."""
        return self.height == self.width == 0

    def header(self) -> bytes:
        return ANSWER.pack(MAGIC, *self)


# the first message of a decoder, before any request
READY = Answer(number=0, height=0, width=0, length=0)


def read_request(header: bytes) -> Request:
    """Parse the header of a request, which comes from the judge."""
    return Request(*REQUEST.unpack(header)[1:])


def read_answer(header: bytes, number: int, most_pixels: int) -> Answer:
    """Parse the untrusted header of an answer to request ``number``.

    Raise ``Broken`` unless the length is that of the announced pixels or of a short text, so that no more is read.
    """
    magic, *numbers = ANSWER.unpack(header)
    answer = Answer(*numbers)
    if magic != MAGIC:
        raise Broken(f"it answered with {header[:8]!r}, not with the header of an answer")
    if answer.number != number:
        raise Broken(f"it answered request {answer.number} instead of {number}")
    if answer.refuses:
        if answer.length > LONGEST_TEXT:
            raise Broken(f"it announced a text of {answer.length:,} bytes: at most {LONGEST_TEXT:,} are read")
    elif answer.height * answer.width > most_pixels or answer.length != answer.height * answer.width * CHANNELS:
        raise Broken(f"it announced {answer.length:,} bytes for {answer.width}x{answer.height} pixels")
    elif not answer.length:
        raise Broken(f"it announced {answer.width}x{answer.height} pixels")
    return answer


def text_of(payload: bytes) -> str:
    """Return the text of a refusal as one line of printable characters."""
    text = payload.decode(errors="replace")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def write_parts(stream: IO[bytes], header: bytes, content: bytes | memoryview) -> None:
    """Write a message to a pipe, both parts at once where they fit into it."""
    rest = memoryview(content)
    written = os.writev(stream.fileno(), (header, rest)) if hasattr(os, "writev") else stream.write(header)
    # a pipe takes a header whole
    rest = rest[written - len(header) :]
    while rest:
        rest = rest[stream.write(rest) :]
