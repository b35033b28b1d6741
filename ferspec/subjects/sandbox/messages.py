"""Frame messages between the judge and a worker: a header of fixed length, then raw bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from math import prod
from typing import IO

import numpy as np

MAGIC = b"FERS"
# magic, kind, type of the values, number of axes, request number, lengths of the axes, bytes that follow
HEADER = struct.Struct("<4sBBBxI4IQ")
MOST_AXES = 4
MOST_TEXT = 4096
# pickles begin with 0x80 and the number of their protocol
LAST_PICKLE = 5


class Malformed(ValueError):
    """Explain why bytes are not the expected message."""


class Kind(IntEnum):
    """List the kinds of messages.

    The judge sends LOAD, RUN, COUNT, TIME, CALIBRATE and CONVERT, a worker answers with the others.
    """

    LOAD = 1
    RUN = 2
    LOADED = 3
    VALUES = 4
    FAILED = 5
    REFUSED = 6
    NEEDS = 7
    COUNT = 8
    COUNTED = 9
    TIME = 10
    TIMED = 11
    CALIBRATE = 12
    CONVERT = 13
    CONVERTED = 14


BYTES = 0
TYPES: dict[int, np.dtype] = {1: np.dtype("<f4"), 2: np.dtype("u1")}
CODES = {dtype: code for code, dtype in TYPES.items()}


@dataclass(frozen=True)
class Header:
    """Describe a message. ``dtype`` is None, and ``shape`` empty, for a message of plain bytes such as JSON."""

    kind: Kind
    number: int
    dtype: np.dtype | None
    shape: tuple[int, ...]
    length: int


def pack(kind: Kind, number: int, content: bytes | np.ndarray) -> tuple[bytes, memoryview]:
    """Return header and content of a message; an array must be float32 or uint8, with at most four axes."""
    if isinstance(content, bytes):
        code, shape, view = BYTES, (), memoryview(content)
    else:
        content = np.ascontiguousarray(content)
        code, shape, view = CODES[content.dtype], content.shape, content.reshape(-1).view(np.uint8).data
    axes = (*shape, *(0,) * (MOST_AXES - len(shape)))
    return HEADER.pack(MAGIC, kind, code, len(shape), number, *axes, view.nbytes), view


def unpack(data: bytes) -> Header:
    """Parse the header of a message. Raise ``Malformed`` for anything that ``pack`` does not write."""
    magic, kind, code, axes, number, *lengths, length = HEADER.unpack(data)
    if magic != MAGIC:
        is_pickle = data[0] == 0x80 and data[1] <= LAST_PICKLE
        raise Malformed(f"wrote {'a pickle' if is_pickle else 'bytes'} instead of an answer")
    if kind not in Kind.__members__.values():
        raise Malformed(f"answered with a message of the unknown kind {kind}")
    if axes > MOST_AXES or any(lengths[axes:]) or (code not in TYPES and (code != BYTES or axes)):
        raise Malformed("answered with values of an unknown type or shape")
    shape = tuple(lengths[:axes])
    if code != BYTES and prod(shape) * TYPES[code].itemsize != length:
        raise Malformed(f"declared {length:,} bytes for an answer of shape {shape}")
    return Header(Kind(kind), number, TYPES.get(code), shape, length)


def values_of(header: Header, content: bytearray) -> np.ndarray:
    """Return the values of a message as an array of the header's type and shape."""
    return np.frombuffer(content, header.dtype).reshape(header.shape)


def fill(stream: IO[bytes], content: bytearray) -> bool:
    """Read an unbuffered stream until ``content`` is full. Return whether the stream was long enough."""
    rest = memoryview(content)
    while rest:
        count = stream.readinto(rest)  # type: ignore[attr-defined]
        if not count:
            return False
        rest = rest[count:]
    return True


def send(stream: IO[bytes], parts: Iterable[bytes | memoryview]) -> None:
    """Write a message to an unbuffered stream. Raise ``OSError`` if its reader has ended."""
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[stream.write(rest) :]


def plain_text(data: bytes | bytearray | str, most: int = MOST_TEXT) -> str:
    """Return untrusted UTF-8 text as one line of at most ``most`` bytes, without control characters.

    An escape sequence of a terminal loses its first character, and so its effect.
    """
    text = data[:most].decode(errors="replace") if not isinstance(data, str) else data[:most]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
