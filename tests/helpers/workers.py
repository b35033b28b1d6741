"""A worker that misbehaves on request: ``python workers.py FAULT``. It imports nothing of ferspec."""

import os
import pickle
import struct
import sys
import time

HEADER = struct.Struct("<4sBBBxI4IQ")
VALUES, FAILED, REFUSED, UNKNOWN = 4, 5, 6, 99
BYTES, FLOAT32, UINT8 = 0, 1, 2
requests, answers = os.fdopen(0, "rb", buffering=0), os.fdopen(1, "wb", buffering=0)


def read(size):
    content = b""
    while len(content) < size and (chunk := requests.read(size - len(content))):
        content += chunk
    return content


def asked():
    """Read a request and return its number and its number of images."""
    _, _, _, _, number, rows, *_, length = HEADER.unpack(read(HEADER.size))
    read(length)
    return number, rows


def say(number, kind, code, shape, content, length=None):
    axes = (*shape, *(0,) * (4 - len(shape)))
    length = len(content) if length is None else length
    answers.write(HEADER.pack(b"FERS", kind, code, len(shape), number, *axes, length) + content)


def values(number, *shape, kind=VALUES, code=FLOAT32, length=None):
    size = 1 if code == UINT8 else 4
    count = 1
    for axis in shape:
        count *= axis
    say(number, kind, code, shape, bytes(size * count), length)


def hang():
    time.sleep(600)


def flood(stream):
    while True:
        stream.write(b"x" * 65536)


def bomb(number, rows):
    class Bomb:
        def __reduce__(self):
            return (print, ("the pickle ran",))

    answers.write(pickle.dumps([Bomb()] * 20))


def before_asked():
    values(0, 2, 7)


def twice(number, rows):
    values(number, rows, 7)
    values(number, rows, 7)
    hang()


def exits_between_requests(number, rows):
    values(number, rows, 7)
    os._exit(0)


def truncated(number, rows):
    say(number, VALUES, FLOAT32, (rows, 7), bytes(4), length=4 * 7 * rows)
    os._exit(0)


def exits(number, rows):
    os._exit(0)


def exits_with_words(number, rows):
    print("\x1b]0;owned\x07\x1b[31mValueError: out of cheese\x1b[0m", file=sys.stderr)
    os._exit(3)


def is_killed(number, rows):
    os.kill(os.getpid(), 9)


def closes_its_output(number, rows):
    os.close(1)
    hang()


def floods_error_output(number, rows):
    flood(os.fdopen(2, "wb", buffering=0))


def floods_output(number, rows):
    flood(answers)


FAULTS = {
    "a pickle": bomb,
    "a wrong length": lambda number, rows: values(number, rows, 7, length=8),
    "a length without end": lambda number, rows: say(number, VALUES, FLOAT32, (rows, 7), b"", length=2**63),
    "too many rows": lambda number, rows: values(number, rows + 1, 7),
    "too few rows": lambda number, rows: values(number, rows - 1, 7),
    "billions of rows": lambda number, rows: say(number, VALUES, FLOAT32, (2**31, 7), b"", length=4 * 7 * 2**31),
    "another shape": lambda number, rows: values(number, rows, 1, 7),
    "one number for each image": lambda number, rows: values(number, rows),
    "too many columns": lambda number, rows: values(number, rows, 70_000),
    "bytes as values": lambda number, rows: values(number, rows, 7, code=UINT8),
    "another type": lambda number, rows: values(number, rows, 7, code=77, length=28 * rows),
    "five axes": lambda number, rows: answers.write(
        HEADER.pack(b"FERS", VALUES, FLOAT32, 5, number, 1, 1, 1, 1, 4) + bytes(4)
    ),
    "another number": lambda number, rows: values(number ^ 1, rows, 7),
    "an unknown kind": lambda number, rows: values(number, rows, 7, kind=UNKNOWN),
    "a refusal instead of values": lambda number, rows: say(number, REFUSED, BYTES, (), b"no"),
    "text without end": lambda number, rows: say(number, FAILED, BYTES, (), bytes(1 << 20)),
    "words": lambda number, rows: answers.write(b"these are not values, but words of a model"),
    "a second answer": twice,
    "half an answer": truncated,
    "an answer, and exits": exits_between_requests,
    "nothing, and hangs": lambda number, rows: hang(),
    "nothing, and exits with 0": exits,
    "nothing, and exits with words": exits_with_words,
    "nothing, and is killed": is_killed,
    "nothing, and closes its output": closes_its_output,
    "endless text": floods_error_output,
    "endless bytes": floods_output,
}

if __name__ == "__main__":
    fault = sys.argv[1]
    if fault == "before it is asked":
        before_asked()
        hang()
    if fault == "without reading":
        header = HEADER.unpack(read(HEADER.size))
        values(header[4], header[5], 7)
        hang()
    if fault.startswith("later: "):
        number, rows = asked()
        values(number, rows, 7)
    number, rows = asked()
    FAULTS[fault.removeprefix("later: ")](number, rows)
    number, rows = asked()
    values(number, rows, 7)
