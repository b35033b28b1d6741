"""Small sets to inspect: pictures with detail, their copies, and image files with and without metadata."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ferspec.subjects.datasets.inspection.reading import InspectedSet, read_listing
from ferspec.subjects.datasets.inspection.search import twins_between, twins_within
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.datasets.readers import Listing

SIDE = 64
COUNT = 14


@cache
def picture(number: int, side: int = SIDE) -> np.ndarray:
    """Return a picture of its own (side, side, 3), with coarse and fine detail as in a photograph."""
    rng = np.random.default_rng(number)
    layers = [
        weight * cv2.resize(rng.normal(0, 1, (cells, cells, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
        for cells, weight in ((4, 40), (12, 30), (28, 20))
    ]
    return np.asarray((128 + sum(layers)).clip(0, 255), np.uint8)


def mirrored(number: int) -> np.ndarray:
    return np.ascontiguousarray(picture(number)[:, ::-1])


def held(
    images: Sequence[np.ndarray],
    labels: Sequence[int] | None = None,
    splits: Sequence[str] | None = None,
    name: str = "set",
    groups: Mapping[str, Sequence[str]] | None = None,
    **changes: Any,
) -> InspectedSet:
    """Return a set of images in memory, by default of class 0, 1 … in turn and without splits."""
    given = np.array([place % 7 for place in range(len(images))] if labels is None else labels, np.int64)
    ids = tuple(f"picture_{place:04}.png" for place in range(len(images)))

    def fetch(index: int, *_: object) -> tuple[bytes, np.ndarray]:
        return images[index].tobytes(), images[index]

    columns = {column: tuple(values) for column, values in (groups or {}).items()}
    listing = Listing("class folders", changes.pop("ids", ids), given, fetch, groups=columns)
    return read_listing(name, listing, tuple(splits or [""] * len(images)), **changes)


def pictures(count: int = COUNT, first: int = 0) -> list[np.ndarray]:
    return [picture(first + number) for number in range(count)]


def inspected(images: InspectedSet, *others: InspectedSet, dataset: str | None = None) -> Inspection:
    """Return an inspection with its copies searched."""
    return Inspection(
        images, others, dataset, twins_within(images), tuple(twins_between(images, other) for other in others)
    )


def saved(form: str, image: np.ndarray | Image.Image | None = None, **entries: Any) -> bytes:
    """Return an image as the bytes of a file; by default a small picture."""
    file = io.BytesIO()
    shown = image if isinstance(image, Image.Image) else Image.fromarray(picture(0, 16) if image is None else image)
    shown.save(file, form, **entries)
    return file.getvalue()


def exif(**tags: Any) -> Image.Exif:
    """Return EXIF data; tags are given as ``tag_0x013B``, a place as ``gps``."""
    data = Image.Exif()
    if gps := tags.pop("gps", None):
        data.get_ifd(0x8825).update(gps)
    for name, value in tags.items():
        data[int(name.removeprefix("tag_"), 16)] = value
    return data


def in_folders(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a tree of class folders; a class without a file gets a plain picture."""
    for place, label in enumerate(("Angry", "Happy")):
        content = saved("PNG", picture(90 + place, 16))
        (root / label).mkdir(parents=True, exist_ok=True)
        (root / label / f"{label.lower()}_{place}.png").write_bytes(content)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def rotated(number: int, degrees: float = 12) -> np.ndarray:
    turned = Image.fromarray(picture(number)).rotate(degrees, Image.Resampling.BILINEAR, fillcolor=(128, 128, 128))
    return np.asarray(turned)


def compressed(number: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(saved("JPEG", picture(number), quality=60))))
