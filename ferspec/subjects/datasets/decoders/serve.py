"""Decode the image files that arrive on standard input: the program of a decoder."""

from __future__ import annotations

import os
import warnings

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.sandbox.messages import HEADER, MOST_TEXT, Kind, fill, pack, send, unpack
from ferspec.subjects.started import take_streams

NAMELESS = "image"
# the first byte of a request, before the file: whether its EXIF orientation is applied
UPRIGHT, AS_STORED = b"\1", b"\0"


def main() -> None:
    """Answer requests until standard input ends.

    Text that a library prints goes to the null device, since standard output holds only answers.
    """
    warnings.simplefilter("ignore")
    requests, answers = take_streams()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    send(answers, pack(Kind.LOADED, 0, b""))
    while fill(requests, head := bytearray(HEADER.size)):
        header = unpack(bytes(head))
        content = bytearray(header.length)
        if not fill(requests, content):
            break
        kind, answer = _answer(content)
        send(answers, pack(kind, header.number, answer))


def _answer(content: bytearray) -> tuple[Kind, np.ndarray | bytes]:
    try:
        return Kind.VALUES, decode(bytes(content[1:]), NAMELESS, content[:1] == UPRIGHT)
    except UserError as error:
        text = str(error).removeprefix(f"{NAMELESS}: ")
        return Kind.FAILED, text.encode(errors="replace")[:MOST_TEXT]
