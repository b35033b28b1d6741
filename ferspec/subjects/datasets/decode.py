"""Decode image files to RGB pixels, with one defined conversion for every image mode."""

from __future__ import annotations

import hashlib
import io
from contextlib import nullcontext
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from ferspec.errors import UserError, one_line
from ferspec.subjects.datasets.kinds import FORMATS, kind_of

if TYPE_CHECKING:
    from PIL import Image

# a camera of 24 megapixels; the protocol's largest images have 0.07
MAX_PIXELS = 25_000_000
# decoding takes up to 11 bytes for a pixel, in every thread; larger images are decoded one after another
LARGE = 2_000_000
ONE_LARGE = Lock()
EXIF_ORIENTATION = 0x0112
SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
EIGHT_BIT = frozenset({"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"})


def decode(data: bytes, name: str, turned: bool = True) -> np.ndarray:
    """Decode an image file to (height, width, 3) uint8 RGB.

    Grey is repeated over the channels, palettes are expanded, and alpha is dropped, as in Keras. 16-bit values keep
    their high byte, as in libpng, OpenCV and TensorFlow. CMYK is converted without colour profiles. The first of
    several frames is used. The EXIF orientation is applied unless ``turned`` is False, as in Keras. ``name`` appears
    in errors.

    Raise ``UserError`` for a file that is empty, truncated, not in ``FORMATS``, larger than ``MAX_PIXELS``, or of a
    mode without a defined conversion (32-bit integers, floats, LAB).
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise UserError(f"{name}: the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _refuse_unusable(image, name)
            with ONE_LARGE if image.width * image.height > LARGE else nullcontext():
                image.load()
                return _upright(_rgb(image), _orientation(image)) if turned else _rgb(image)
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"{name}: {_unknown(data)}") from None
    except Exception as error:  # a damaged or hostile file can raise anything inside a decoder
        raise UserError(f"{name}: the image cannot be decoded ({one_line(error)})") from error


def pixel_digest(image: np.ndarray) -> str:
    """Return the sha256 of ``HxWx3:`` and the RGB bytes of a (h, w, 3) image."""
    digest = hashlib.sha256("{}x{}x{}:".format(*image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def gray_to_rgb(gray: np.ndarray) -> np.ndarray:
    """Repeat a (height, width) grey image over three channels."""
    return np.repeat(gray[..., np.newaxis], 3, axis=-1)


def is_gray(image: np.ndarray) -> bool:
    """Return whether red, green and blue are equal in every pixel."""
    return bool((image[..., 0] == image[..., 1]).all() and (image[..., 1] == image[..., 2]).all())


def _unknown(data: bytes) -> str:
    kind = kind_of(data)
    if kind is None or kind in FORMATS:
        return f"not an image of a known format ({', '.join(FORMATS)})"
    return f"{kind} is not read: save it as PNG"


def _refuse_unusable(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UserError(
            f"{name}: {image.width}x{image.height} pixels exceed the limit of {MAX_PIXELS:,}: shrink the image first"
        )
    if image.mode not in EIGHT_BIT | SIXTEEN_BIT:
        raise UserError(f"{name}: images of mode {image.mode} have no defined conversion: save it as 8-bit RGB")


def _orientation(image: Image.Image) -> object:
    """Return the EXIF orientation, of any type, or None for missing or invalid EXIF data."""
    try:
        return image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # damaged or hostile EXIF data can raise anything, but the pixels are valid
        return None


def _upright(image: np.ndarray, orientation: object) -> np.ndarray:
    """Rotate or mirror an image by its EXIF orientation. Only the values 2 to 8 have an effect."""
    match orientation:
        case 2:
            image = image[:, ::-1]
        case 3:
            image = image[::-1, ::-1]
        case 4:
            image = image[::-1]
        case 5:
            image = image.swapaxes(0, 1)
        case 6:
            image = image[::-1].swapaxes(0, 1)
        case 7:
            image = image[::-1, ::-1].swapaxes(0, 1)
        case 8:
            image = image.swapaxes(0, 1)[::-1]
    return np.ascontiguousarray(image)


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode in SIXTEEN_BIT:
        return gray_to_rgb((np.asarray(image) >> 8).astype(np.uint8))
    image.info.pop("transparency", None)  # Pillow would warn that it drops a palette's transparency
    return np.array(image.convert("RGB"))
