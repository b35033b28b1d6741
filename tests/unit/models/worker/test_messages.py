"""Messages between judge and worker: what is packed is unpacked, and nothing else is."""

import numpy as np
import pytest

from ferspec.subjects.sandbox.messages import HEADER, Kind, Malformed, pack, plain_text, unpack, values_of


@pytest.mark.parametrize("shape", [(3,), (2, 7), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_an_array_comes_back_as_it_was(shape, dtype):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    head, content = pack(Kind.VALUES, 5, array)
    header = unpack(head)
    assert (header.kind, header.number, header.shape, header.length) == (Kind.VALUES, 5, shape, array.nbytes)
    np.testing.assert_array_equal(values_of(header, bytearray(content)), array)


def test_bytes_have_no_type_and_no_shape():
    header = unpack(pack(Kind.LOADED, 2**32 - 1, b"{}")[0])
    assert (header.dtype, header.shape, header.length) == (None, (), 2)


@pytest.mark.parametrize(
    ("position", "value", "words"),
    [
        (0, 0x46 + 1, "wrote bytes instead of an answer"),
        (4, 0, "of the unknown kind 0"),
        (5, 9, "unknown type or shape"),
        (6, 1, "unknown type or shape"),
        (12, 9, "declared 56 bytes for an answer of shape"),
    ],
    ids=["magic", "kind", "type", "axes", "first axis"],
)
def test_a_header_with_a_wrong_byte_is_refused(position, value, words):
    head = bytearray(pack(Kind.VALUES, 1, np.ones((2, 7), np.float32))[0])
    head[position] = value
    with pytest.raises(Malformed, match=words):
        unpack(bytes(head))


def test_a_header_has_a_fixed_length():
    assert HEADER.size == 36


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"two\nlines", "two lines"),
        (b"\x1b[31mred\x07", "[31mred"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("\u202eleft", "left"),
        (b"x" * 9000, "x" * 4096),
    ],
)
def test_untrusted_text_becomes_one_bounded_line(text, shown):
    assert plain_text(text) == shown
