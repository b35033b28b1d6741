"""Image files are decoded in processes of their own, and nothing that such a process does reaches the judge."""

import io
import re
import signal
import struct
import sys
import textwrap
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image

from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.decoders import decoder, pool
from ferspec.subjects.datasets.decoders.pool import Decoders
from ferspec.subjects.datasets.subject import open_dataset

PIXELS = np.random.default_rng(5).integers(0, 256, (9, 7, 3), dtype=np.uint8)


def encoded(pixels=PIXELS, suffix=".png"):
    return cv2.imencode(suffix, pixels[..., ::-1])[1].tobytes()


@pytest.fixture(scope="module")
def decoders():
    with Decoders(2 * pool.FEW) as running:
        yield running


def test_a_file_is_decoded_as_in_this_process(decoders):
    np.testing.assert_array_equal(decoders.decode(encoded(), "a.png"), PIXELS)


@pytest.mark.parametrize("turned", [True, False])
def test_the_orientation_is_applied_only_on_request(decoders, turned):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG", exif=exif)
    data = file.getvalue()
    np.testing.assert_array_equal(decoders.decode(data, "a.jpg", turned), decode(data, "a.jpg", turned))


@pytest.mark.parametrize("data", [b"", b"not an image", encoded()[:40]])
def test_a_refusal_is_that_of_this_process_with_the_name(decoders, data):
    with pytest.raises(UserError) as own:
        decode(data, "faces/ä.png")
    with pytest.raises(UserError) as other:
        decoders.decode(data, "faces/ä.png")
    assert str(other.value) == str(own.value)


def test_many_threads_get_their_own_images(decoders):
    images = [np.full((5, 5 + index % 3, 3), index, np.uint8) for index in range(120)]
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(decoders.decode, map(encoded, images), map(str, range(120)))
        for image, other in zip(images, found, strict=True):
            np.testing.assert_array_equal(other, image)


# --- decoders that misbehave ------------------------------------------------------------------------------------------

PRELUDE = """
import io, os, sys, time
from ferspec.subjects.sandbox.messages import HEADER, Kind, fill, pack, send, unpack
import numpy as np
requests, answers = io.FileIO(0, "rb"), io.FileIO(os.dup(1), "wb")
def main():
    send(answers, pack(Kind.LOADED, 0, b""))
    while fill(requests, head := bytearray(HEADER.size)):
        header = unpack(bytes(head))
        fill(requests, content := bytearray(header.length))
        if content[1:] == b"bad":
            answer(header)
        send(answers, pack(Kind.VALUES, header.number, np.zeros((2, 2, 3), np.uint8)))
def answer(header):
"""
MISBEHAVIOUR = {
    "exits": ("os._exit(7)", "ended with exit status 7"),
    "crashes": ("import ctypes; ctypes.string_at(0)", "SIGSEGV|exit status -11"),
    "hangs": ("time.sleep(600)", "gave no answer within 1 s"),
    "answers another request": (
        "send(answers, pack(Kind.VALUES, 99, np.zeros((2, 2, 3), np.uint8)))",
        "answered request 99 instead of",
    ),
    "announces too many pixels": (
        "send(answers, [HEADER.pack(b'FERS', 4, 2, 3, header.number, 9000, 9000, 3, 0, 243_000_000)])",
        r"answered with values of shape \(9000, 9000, 3\)",
    ),
    "announces another length": (
        "send(answers, [HEADER.pack(b'FERS', 4, 2, 3, header.number, 2, 2, 3, 0, 10**15)])",
        "declared 1,000,000,000,000,000 bytes",
    ),
    "announces a long text": (
        "send(answers, [HEADER.pack(b'FERS', 5, 0, 0, header.number, 0, 0, 0, 0, 10**9)])",
        "announced a text of 1,000,000,000 bytes",
    ),
    "answers with floats": (
        "send(answers, pack(Kind.VALUES, header.number, np.zeros((2, 2, 3), np.float32)))",
        "instead of the pixels of an image",
    ),
    "answers with no pixels": (
        "send(answers, pack(Kind.VALUES, header.number, np.zeros((0, 2, 3), np.uint8)))",
        "instead of the pixels of an image",
    ),
    "answers with a pickle": (
        "import pickle; send(answers, [pickle.dumps(header, 4).ljust(200)])",
        "wrote a pickle instead of an answer",
    ),
    "floods": ("os.dup2(answers.fileno(), 1); [os.write(1, b'x' * 65536) for _ in range(10**6)]", "wrote bytes"),
    "stops in the middle": ("send(answers, [b'FERS']); os._exit(0)", "ended with exit status 0"),
    "closes its output": ("answers.close(); os.close(1); time.sleep(600)", "closed its output|gave no answer"),
}


@pytest.fixture
def misbehaving(tmp_path, monkeypatch):
    """A function that replaces the program of a decoder by one that misbehaves at the file ``bad``."""

    def program(text):
        path = tmp_path / "program.py"
        path.write_text(PRELUDE + textwrap.indent(text, "    ") + "\n")
        root = str(decoder.__file__).partition("/ferspec/subjects")[0]
        start = f"import sys; sys.path.insert(0, {root!r}); exec(compile({path.read_text()!r}, 'p', 'exec')); main()"
        monkeypatch.setattr(decoder, "python_words", lambda module: [sys.executable, "-I", "-B", "-c", start])

    return program


@pytest.mark.hostile("workers that misbehave")
@pytest.mark.parametrize(("text", "says"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_a_decoder_that_misbehaves_costs_one_image(misbehaving, text, says):
    misbehaving(text)
    began = time.monotonic()
    with Decoders(1) as decoders:
        assert decoders.decode(b"good", "1").shape == (2, 2, 3)
        if "sleep" in text:
            # a busy machine needs longer to start a process, and that is not what is timed
            decoders._places[0].decoder()._seconds = 1
        with pytest.raises(UserError) as refusal:
            decoders.decode(b"bad", "2.png")
        assert decoders.decode(b"good", "3").shape == (2, 2, 3)
    assert str(refusal.value).startswith("2.png: the image cannot be decoded (the decoder ")
    assert re.search(says, str(refusal.value))
    assert "\n" not in str(refusal.value)
    assert time.monotonic() - began < 60


def test_only_the_file_at_which_a_decoder_ended_is_blamed(misbehaving):
    misbehaving("os._exit(7)")
    files = [b"bad" if index % 10 == 3 else b"good" for index in range(60)]

    def tried(data):
        try:
            return decoders.decode(data, "x").shape
        except UserError:
            return None

    with Decoders(2 * pool.FEW) as decoders, ThreadPoolExecutor(6) as threads:
        found = list(threads.map(tried, files))
    assert found == [None if data == b"bad" else (2, 2, 3) for data in files]


def test_a_decoder_that_never_begins_is_not_blamed_on_an_image(monkeypatch):
    monkeypatch.setattr(decoder, "python_words", lambda module: [sys.executable, "-c", "raise SystemExit(3)"])
    with Decoders(1) as decoders, pytest.raises(RuntimeError, match="cannot be started: it ended with exit status 3"):
        decoders.decode(b"good", "1")


def test_no_process_outlives_its_context():
    with Decoders(1) as decoders:
        decoders.decode(encoded(), "a.png")
        process = decoders._places[0].decoder()._sandboxed.process
    assert process.wait(180) == -signal.SIGKILL or process.returncode is not None


# --- files ------------------------------------------------------------------------------------------------------------


def bomb(width, height):
    """A one-bit PNG of the given size in a few kilobytes."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.hostile("decompression bombs and broken tables")
def test_a_picture_that_exceeds_the_memory_of_a_decoder_is_one_line(tmp_path, monkeypatch):
    """The limit is that of the watchdog; without one, the picture is only large."""
    (tmp_path / "Happy").mkdir()
    (tmp_path / "Happy" / "1.png").write_bytes(bomb(30_000, 30_000))
    (tmp_path / "Happy" / "2.png").write_bytes(encoded())
    with pytest.raises(UserError) as refusal:
        open_dataset(tmp_path)
    assert "1 of 2 images cannot be read: Happy/1.png: " in str(refusal.value)
    assert "\n" not in str(refusal.value)
