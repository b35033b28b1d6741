"""Reads calibration images, and keeps apart from them the pictures of the test images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ferspec.errors import UserError
from ferspec.progress import Progress, StepProgress, silent
from ferspec.records import Count, Record
from ferspec.subjects.datasets.copies.search import find_copies
from ferspec.subjects.datasets.files import list_files
from ferspec.subjects.datasets.inspection.reading import shrunk, whole
from ferspec.subjects.datasets.readers import open_splits
from ferspec.subjects.datasets.subject import Dataset, read_dataset, synthetic_dataset
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.preprocess import prepare_batch

# more images hardly change a range, and all of them are in memory at once
MOST = 500
SEED = 0
# faces of the demonstration, of another seed than its test faces
DEMO_PER_CLASS, DEMO_SEED = 15, 1


class Calibration(Record):
    """The calibration images: ``images`` of them were used, out of ``found``.

    ``left_out`` names those that show a picture of the test set in another size, crop or compression. ``digest`` is
    the sha256 over the digests of the pixels of those used.
    """

    name: str
    found: Count
    images: Count
    left_out: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Calibrating:
    """Calibration images without those of the test set, with their description."""

    about: Calibration
    images: Dataset

    def prepared(self, declared: Input) -> np.ndarray:
        """Return the images (n, height, width, channels) float32 as a contract declares them."""
        return prepare_batch([self.images.image(index) for index in range(len(self.images))], declared)


def open_calibration(path: str | Path, progress: StepProgress | None = None) -> Dataset:
    """Read every picture below a folder, or a dataset in a file; classes are not needed.

    ``UserError`` for a folder without pictures, and for pictures that cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(
            f"{path}: no such folder: give pictures like those that the model will see, but not the test images"
        )
    if not path.is_dir():
        return read_dataset(path.stem, whole(open_splits(path))[0], progress)
    listing = list_files(path)
    if not len(listing):
        raise UserError(f"{path} holds no pictures: give some like those that the model will see, not the test images")
    return read_dataset(path.resolve().name, listing, progress)


def demo_calibration(progress: StepProgress | None = None) -> Dataset:
    """Render faces to calibrate the demo with."""
    return synthetic_dataset(DEMO_PER_CLASS, seed=DEMO_SEED, progress=progress)


def kept_apart(images: Dataset, test: Dataset, progress: Progress = silent) -> Calibrating:
    """Return at most 500 of the images, and none that shows a test picture.

    ``UserError`` for images with the same pixels as test images, and where none is left. Rendered faces resemble one
    another: among them, only equal pixels count.
    """
    _require_different(images, test)
    found = len(images)
    if found > MOST:
        images = images.take(np.sort(np.random.default_rng(SEED).choice(found, MOST, replace=False)))
    alike: dict[int, int] = {}
    if not (images.synthetic and test.synthetic):
        search = partial(progress, "comparing with the test images")
        for copy in find_copies(_Small(images), _Small(test), search):
            alike.setdefault(copy.first, copy.second)
    if len(alike) == len(images):
        pairs = first_few(f"{images.ids[mine]} and {test.ids[other]}" for mine, other in alike.items())
        raise UserError(f"every calibration picture is a copy of a test picture ({pairs}): give others")
    left = images.take([index for index in range(len(images)) if index not in alike])
    about = Calibration(
        name=images.name,
        found=found,
        images=len(left),
        left_out=tuple(f"{images.ids[mine]}, a copy of {test.ids[other]}" for mine, other in alike.items()),
        digest=hashlib.sha256("\n".join(entry.pixels_sha256 for entry in left.entries).encode()).hexdigest(),
    )
    return Calibrating(about, left)


def decided(about: Calibration) -> tuple[str, ...]:
    """Return in lines for the terminal how many images calibrate, and which were left out."""
    drawn = f", drawn from {about.found:,}" if about.found > MOST else ""
    lines = [f"calibration: {about.images:,} pictures of {about.name}{drawn}"]
    if about.left_out:
        few = first_few(about.left_out, "; ")
        lines.append(f"  left out, since they show pictures of the test set: {len(about.left_out):,} ({few})")
    return tuple(lines)


class _Small:
    """The images of a dataset in the size in which copies are searched."""

    def __init__(self, images: Dataset) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> np.ndarray:
        return shrunk(self._images.image(index))


def _require_different(images: Dataset, test: Dataset) -> None:
    tested = {entry.pixels_sha256: entry.path for entry in test.entries}
    shared = [(entry.path, tested[entry.pixels_sha256]) for entry in images.entries if entry.pixels_sha256 in tested]
    if shared:
        pairs = first_few(f"{mine} = {other}" for mine, other in shared)
        raise UserError(
            f"{len(shared):,} of {len(images):,} calibration pictures are test pictures too ({pairs}): a file must not "
            "be tested on what it was calibrated with; take them out of one of the two"
        )
