"""Every image file becomes the RGB pixels that its mode defines, or one clear line."""

import hashlib
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import MAX_PIXELS, decode, is_gray, pixel_digest

RNG = np.random.default_rng(20240607)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (6, 9), dtype=np.uint8)
DEEP_GRAY = RNG.integers(0, 65536, (6, 9), dtype=np.uint16)
DEEP_RGB = RNG.integers(0, 65536, (6, 9, 3), dtype=np.uint16)
SMOOTH = cv2.resize(RGB, (64, 48), interpolation=cv2.INTER_LINEAR)

ORIENTATIONS = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x, 1),
}


def encoded(image, kind="PNG", **options) -> bytes:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def deep(array, suffix) -> bytes:
    """Encode 16 bits a channel, which Pillow cannot write for colour; OpenCV takes BGR."""
    return cv2.imencode(suffix, array if array.ndim == 2 else array[..., ::-1])[1].tobytes()


def repeated(gray) -> np.ndarray:
    return np.stack([gray] * 3, axis=-1)


def palette_image() -> Image.Image:
    image = Image.fromarray(GRAY % 4, "P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 200, 100, 0])
    return image


PALETTE = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90], [200, 100, 0]], np.uint8)

MODES = {
    "RGB": (encoded(RGB), RGB),
    "grey is repeated": (encoded(GRAY), repeated(GRAY)),
    "black and white": (encoded(Image.fromarray(GRAY > 99)), repeated(np.where(GRAY > 99, 255, 0))),
    "alpha is dropped": (encoded(np.dstack([RGB, ALPHA])), RGB),
    "alpha of grey is dropped": (encoded(Image.fromarray(np.dstack([GRAY, ALPHA]), "LA")), repeated(GRAY)),
    "a palette is expanded": (encoded(palette_image()), PALETTE[GRAY % 4]),
    "a transparent palette is expanded": (encoded(palette_image(), transparency=b"\0\x80"), PALETTE[GRAY % 4]),
    "16-bit grey PNG": (deep(DEEP_GRAY, ".png"), repeated(DEEP_GRAY // 256)),
    "16-bit RGB PNG": (deep(DEEP_RGB, ".png"), DEEP_RGB // 256),
    "16-bit grey TIFF": (deep(DEEP_GRAY, ".tiff"), repeated(DEEP_GRAY // 256)),
    "16-bit RGB TIFF": (deep(DEEP_RGB, ".tiff"), DEEP_RGB // 256),
    "BMP": (encoded(RGB, "BMP"), RGB),
    "lossless WebP": (encoded(RGB, "WEBP", lossless=True), RGB),
    "the first of several frames": (
        encoded(RGB, "TIFF", save_all=True, append_images=[Image.fromarray(RGB[::-1])]),
        RGB,
    ),
}


@pytest.mark.parametrize(("data", "expected"), MODES.values(), ids=MODES)
def test_each_mode_has_one_defined_conversion(data, expected):
    decoded = decode(data, "image")
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, expected)


def test_an_8_bit_image_saved_with_16_bits_keeps_its_values():
    np.testing.assert_array_equal(decode(deep(RGB.astype(np.uint16) * 257, ".png"), "image"), RGB)


@pytest.mark.parametrize(("kind", "tolerance"), [("TIFF", 1), ("JPEG", 4)])
def test_cmyk_values_multiply_the_light_that_ink_and_black_transmit(kind, tolerance):
    inks = np.repeat(np.array([[[200, 30, 90, 40], [0, 255, 10, 0]]], np.uint8), 16, axis=0).repeat(16, axis=1)
    ink, black = inks[..., :3].astype(float), inks[..., 3:].astype(float)
    expected = (255 - ink) * (255 - black) / 255
    image = Image.frombytes("CMYK", inks.shape[1::-1], inks.tobytes())
    decoded = decode(encoded(image, kind, **({"quality": 100} if kind == "JPEG" else {})), "image")
    np.testing.assert_allclose(decoded, expected, atol=tolerance)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_exif_orientation_is_applied(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decode(encoded(SMOOTH, kind), "image")
    np.testing.assert_array_equal(decode(encoded(SMOOTH, kind, exif=exif), "image"), ORIENTATIONS[orientation](upright))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_an_image_that_is_not_to_be_turned_is_as_it_is_stored(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(SMOOTH, "JPEG", exif=exif)
    np.testing.assert_array_equal(decode(data, "image", turned=False), decode(encoded(SMOOTH, "JPEG"), "image"))


def with_exif(*entries):
    """Return a JPEG whose EXIF data has these entries, of tag, type, count and 4 bytes."""
    packed = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    payload = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)
    data = encoded(SMOOTH, "JPEG")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + data[2:]


ON_ITS_SIDE = (0x0112, 3, 1, struct.pack("<HH", 6, 0))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param((0x011A, 2, 4, b"abc\0"), id="a resolution in words"),
        pytest.param((0x8769, 2, 4, b"abc\0"), id="words for a place"),
        pytest.param((0x0100, 8, 1, struct.pack("<hh", -5, 0)), id="a negative width"),
        pytest.param((0x9999, 77, 1, b"abcd"), id="a type that does not exist"),
    ],
)
def test_an_odd_tag_beside_the_orientation_does_not_matter(odd):
    upright = decode(encoded(SMOOTH, "JPEG"), "image")
    entries = sorted((ON_ITS_SIDE, odd))
    np.testing.assert_array_equal(decode(with_exif(*entries), "image"), ORIENTATIONS[6](upright))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("value", [b"6\0\0\0", b"\xff\xff\xff\xff"])
def test_an_invalid_orientation_changes_nothing(value):
    data = with_exif((0x0112, 2, 4, value))
    np.testing.assert_array_equal(decode(data, "image"), decode(encoded(SMOOTH, "JPEG"), "image"))


@pytest.mark.parametrize("quality", [60, 95])
def test_jpeg_agrees_with_another_decoder(quality):
    data = encoded(SMOOTH, "JPEG", quality=quality)
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_allclose(decode(data, "image").astype(int), other.astype(int), atol=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9])
def test_a_truncated_file_is_refused_in_one_line(kind, kept):
    whole = encoded(SMOOTH, kind)
    with pytest.raises(UserError, match=r"^faces/a\.img: [^\n]+$"):
        decode(whole[: int(kept * len(whole))], "faces/a.img")


def resized_header(width, height) -> bytes:
    """A small PNG whose header claims another size, with a valid checksum."""
    data = encoded(GRAY)
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "a.png: the file is empty"),
        (b"not an image at all", "a.png: not an image of a known format"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heic", "a.png: HEIC is not read: save it as PNG"),
        (encoded(Image.fromarray(GRAY.astype(np.float32)), "TIFF"), "a.png: images of mode F have no defined"),
        (encoded(Image.fromarray(GRAY.astype(np.int32)), "TIFF"), "a.png: images of mode I have no defined"),
        (resized_header(9_000, 9_000), f"a.png: 9000x9000 pixels exceed the limit of {MAX_PIXELS:,}"),
        (resized_header(60_000, 60_000), "a.png: the image cannot be decoded"),
    ],
    ids=["empty", "text", "HEIC", "32-bit floats", "32-bit integers", "too many pixels", "a decompression bomb"],
)
def test_an_unusable_image_is_refused_in_one_line(data, says):
    with pytest.raises(UserError) as refusal:
        decode(data, "a.png")
    assert str(refusal.value).startswith(says)
    assert "\n" not in str(refusal.value)


def decoded_or_refused(data) -> tuple[np.ndarray | None, str | None]:
    try:
        return decode(data, "image"), None
    except UserError as refusal:
        return None, str(refusal)


@given(
    kind=st.sampled_from(["JPEG", "PNG", "TIFF", "BMP", "WEBP"]),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_damaged_file_gives_pixels_or_one_line_and_nothing_else(kind, damage):
    data = bytearray(encoded(SMOOTH, kind))
    for place, value in damage:
        data[int(place * len(data))] = value
    decoded, said = decoded_or_refused(bytes(data))
    if said is None:
        assert decoded.dtype == np.uint8
        assert decoded.shape[2:] == (3,)
    else:
        assert "\n" not in said


def test_the_pixel_digest_covers_shape_and_rgb_bytes():
    assert pixel_digest(RGB) == hashlib.sha256(b"6x9x3:" + RGB.tobytes()).hexdigest()
    assert pixel_digest(RGB) != pixel_digest(RGB.reshape(9, 6, 3))


def test_the_pixel_digest_does_not_depend_on_the_layout_in_memory():
    assert pixel_digest(RGB[:, ::-1]) == pixel_digest(np.array(RGB[:, ::-1]))


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_an_image_is_grey_only_where_all_channels_are_equal(channel):
    image = repeated(GRAY)
    assert is_gray(image)
    image[2, 3, channel] ^= 1
    assert not is_gray(image)
