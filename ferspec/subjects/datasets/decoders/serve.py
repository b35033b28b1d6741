"""Decode the image files that arrive on standard input: the program of a decoder."""

from __future__ import annotations

import os
import sys
import warnings

from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.decoders.messages import (
    LONGEST_TEXT,
    READY,
    REQUEST,
    Answer,
    Request,
    read_request,
    write_parts,
)

NAMELESS = "image"


def main() -> None:
    """Answer requests until standard input ends.

    Text that a library prints goes to the null device, since standard output holds only answers.
    """
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    requests = sys.stdin.buffer
    write_parts(answers, READY.header(), b"")
    while len(header := requests.read(REQUEST.size)) == REQUEST.size:
        request = read_request(header)
        write_parts(answers, *_answer(request, requests.read(request.length)))


def _answer(request: Request, data: bytes) -> tuple[bytes, bytes | memoryview]:
    try:
        pixels = decode(data, NAMELESS, request.turned)
    except UserError as error:
        text = str(error).removeprefix(f"{NAMELESS}: ").encode(errors="replace")[:LONGEST_TEXT]
        return Answer(request.number, 0, 0, len(text)).header(), text
    return Answer(request.number, *pixels.shape[:2], pixels.nbytes).header(), pixels.data.cast("B")
