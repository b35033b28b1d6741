"""What a reader finds: names, labels, and how to fetch each image."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Form = Literal["class folders", "npz", "fer2013 csv", "synthetic"]


@dataclass(frozen=True)
class Listing:
    """The images of a dataset, none of them decoded yet.

    ``labels`` (n,) int64 are places in the order of the seven classes. ``fetch(i)`` returns the bytes that image i is
    stored as and its (h, w, 3) uint8 RGB pixels, and may be called from several threads; ``UserError`` where the image
    cannot be read. ``notes`` say what was left out.
    """

    form: Form
    ids: tuple[str, ...]
    labels: np.ndarray
    fetch: Callable[[int], tuple[bytes, np.ndarray]]
    notes: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
