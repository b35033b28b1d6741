"""Hold the splits of a training, read once and stored at the network's resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferspec.subjects.datasets.manifest import Entry, digest, support
from ferspec.subjects.datasets.pixel_store import PixelStore
from ferspec.subjects.runs.artifacts.record import Drawn, RunDeviation, SplitName, SplitRecord


@dataclass(frozen=True, eq=False)
class ImageSplit:
    """Hold the images of one split; ``entries`` is the manifest of the original images.

    Implements ``reference.training.images.Images``.
    """

    dataset: str
    labels: np.ndarray
    entries: tuple[Entry, ...]
    pixels: PixelStore
    notes: tuple[str, ...] = ()
    drawn: Drawn | None = None
    form: str | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Return the images at ``indices`` as (b, h, w, 3) uint8 RGB."""
        return self.pixels.read(indices)

    def record(self) -> SplitRecord:
        """Return the entry of this split in the record of a run."""
        return SplitRecord(
            dataset=self.dataset,
            form=self.form,
            n=len(self),
            support=support(self.entries),
            manifest_digest=digest(self.entries),
            notes=self.notes,
            drawn=self.drawn,
        )


@dataclass(frozen=True)
class TrainingData:
    """Hold the splits of one cell; ``btfer`` is None if the data root lacks it.

    ``deviations`` lists how the images depart from the protocol.
    """

    training: ImageSplit
    validation: ImageSplit
    btfer: ImageSplit | None
    deviations: tuple[RunDeviation, ...] = ()

    @property
    def splits(self) -> dict[SplitName, ImageSplit]:
        """The splits that there are, by their names in the record of a run."""
        parts: dict[SplitName, ImageSplit | None] = {
            "training": self.training,
            "validation": self.validation,
            "btfer": self.btfer,
        }
        return {name: part for name, part in parts.items() if part is not None}
