"""The parts that a training needs, each read once and kept at the resolution of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferspec.subjects.datasets.manifest import Entry, digest, support
from ferspec.subjects.datasets.pixel_store import PixelStore
from ferspec.subjects.runs.artifacts.record import Drawn, Part, RunDeviation


@dataclass(frozen=True, eq=False)
class ImagePart:
    """The images of one part; ``entries`` is its manifest, of the images as they are stored.

    Satisfies ``reference.training.images.Images``.
    """

    dataset: str
    labels: np.ndarray
    entries: tuple[Entry, ...]
    pixels: PixelStore
    notes: tuple[str, ...] = ()
    drawn: Drawn | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Return the images at ``indices`` as (b, h, w, 3) uint8 RGB."""
        return self.pixels.read(indices)

    def record(self) -> Part:
        """Return what the record of a run says of this part."""
        return Part(
            dataset=self.dataset,
            n=len(self),
            support=support(self.entries),
            manifest_digest=digest(self.entries),
            notes=self.notes,
            drawn=self.drawn,
        )


@dataclass(frozen=True)
class TrainingData:
    """What one cell is trained, steered and tested on; BTFER is None where the data root has none.

    ``deviations`` say where the images are not those of the protocol.
    """

    training: ImagePart
    validation: ImagePart
    btfer: ImagePart | None
    deviations: tuple[RunDeviation, ...] = ()
