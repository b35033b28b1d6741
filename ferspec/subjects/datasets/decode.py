"""From the bytes of an image file to RGB pixels: one decoder, and one defined conversion for every image mode."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np

from ferspec.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
MAX_PIXELS = 64_000_000
EXIF_ORIENTATION = 0x0112
SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
EIGHT_BIT = frozenset({"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"})


def decode(data: bytes, name: str, turned: bool = True) -> np.ndarray:
    """Return the pixels of an encoded image as (height, width, 3) uint8 RGB.

    Grey is repeated over the three channels; palettes are expanded; alpha is dropped, as Keras reads images; of
    16 bits the high byte is kept, as libpng, OpenCV and TensorFlow do; CMYK is converted without colour profiles;
    of several frames the first is taken. The EXIF orientation is applied, unless ``turned`` is False: then pixels are
    as they are stored, as Keras reads them. ``name`` stands in the error.

    ``UserError`` for a file that is empty, truncated, no image of the formats in ``FORMATS``, of more than
    ``MAX_PIXELS`` pixels, or of a mode without a defined conversion (32-bit integers, floats, LAB).
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise UserError(f"{name}: the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _refuse_unusable(image, name)
            image.load()
            return _upright(_rgb(image), _orientation(image)) if turned else _rgb(image)
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"{name}: not an image of a known format ({', '.join(FORMATS)})") from None
    except Exception as error:  # a damaged or hostile file can raise anything inside a decoder
        raise UserError(f"{name}: the image cannot be decoded ({' '.join(str(error).split())})") from error


def pixel_digest(image: np.ndarray) -> str:
    """Return the sha256 of a (height, width, 3) uint8 image: of the text ``HxWx3:`` and then its RGB bytes by rows."""
    digest = hashlib.sha256("{}x{}x{}:".format(*image.shape).encode())
    digest.update(np.ascontiguousarray(image))
    return digest.hexdigest()


def gray_to_rgb(gray: np.ndarray) -> np.ndarray:
    """Return a (height, width) image with its grey repeated over three channels."""
    return np.repeat(gray[..., np.newaxis], 3, axis=-1)


def is_gray(image: np.ndarray) -> bool:
    """Return whether red, green and blue are equal in every pixel."""
    return bool((image[..., 0] == image[..., 1]).all() and (image[..., 1] == image[..., 2]).all())


def _refuse_unusable(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UserError(
            f"{name}: {image.width}x{image.height} pixels are more than {MAX_PIXELS:,}: shrink the image first"
        )
    if image.mode not in EIGHT_BIT | SIXTEEN_BIT:
        raise UserError(f"{name}: images of mode {image.mode} have no defined conversion: save it as 8-bit RGB")


def _orientation(image: Image.Image) -> object:
    """Return the EXIF orientation, whatever it is; None where there is none, or the EXIF data is no such data."""
    try:
        return image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # damaged or hostile EXIF data can raise anything; the pixels are whole
        return None


def _upright(image: np.ndarray, orientation: object) -> np.ndarray:
    """Return an image as its EXIF orientation says that it is to be seen; only 2 to 8 change anything."""
    match orientation:
        case 2:
            seen = image[:, ::-1]
        case 3:
            seen = image[::-1, ::-1]
        case 4:
            seen = image[::-1]
        case 5:
            seen = image.swapaxes(0, 1)
        case 6:
            seen = image[::-1].swapaxes(0, 1)
        case 7:
            seen = image[::-1, ::-1].swapaxes(0, 1)
        case 8:
            seen = image.swapaxes(0, 1)[::-1]
        case _:
            return image
    return np.ascontiguousarray(seen)


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode in SIXTEEN_BIT:
        return gray_to_rgb((np.asarray(image) >> 8).astype(np.uint8))
    image.info.pop("transparency", None)  # of a palette: Pillow would warn that it is dropped
    return np.array(image.convert("RGB"))
