"""Decode the image files that arrive on standard input: the program of a decoder."""

from __future__ import annotations

import os
import warnings

import numpy as np

from ferspec.errors import UserError, one_line
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.decoders.facts import described
from ferspec.subjects.sandbox.messages import HEADER, MOST_TEXT, Kind, fill, pack, send, unpack
from ferspec.subjects.started import take_streams

NAMELESS = "image"
# the first byte of a request, before the file: decode it, with its EXIF orientation applied or not, or describe it
UPRIGHT, AS_STORED, DESCRIBE = b"\1", b"\0", b"\2"


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
    wanted, data = content[:1], bytes(content[1:])
    try:
        if wanted == DESCRIBE:
            return Kind.LOADED, described(data)
        return Kind.VALUES, decode(data, NAMELESS, wanted == UPRIGHT)
    except UserError as error:
        text = str(error).removeprefix(f"{NAMELESS}: ")
    except Exception as error:  # only a description is not guarded by ``decode``
        text = f"the metadata cannot be read ({one_line(error)})"
    return Kind.FAILED, text.encode(errors="replace")[:MOST_TEXT]
