"""The synthetic faces as a dataset: rendered one by one as they are asked for."""

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.readers.listing import Listing


def read_synthetic(per_class: int, size: int, seed: int) -> Listing:
    """List ``per_class`` synthetic faces of each class, ``size`` x ``size``, with the attributes they were drawn with.

    ``UserError`` where either number is less than 1.
    """
    from ferspec.reference.synthetic import attributes, render, scene

    if per_class < 1 or size < 1:
        raise UserError(f"{per_class} synthetic faces per class of size {size}: both must be at least 1")
    classes = spec.load().classes
    drawn = [(label, index) for label in classes for index in range(per_class)]
    columns = [attributes(scene(seed, label, index)) for label, index in drawn]

    def fetch(index: int) -> tuple[bytes, np.ndarray]:
        pixels = np.ascontiguousarray(render(scene(seed, *drawn[index]), size))
        return pixels.tobytes(), pixels

    return Listing(
        "synthetic",
        tuple(f"{label}/{index:04d}" for label, index in drawn),
        np.repeat(np.arange(len(classes)), per_class),
        fetch,
        groups={name: tuple(column[name] for column in columns) for name in columns[0]},
    )
