"""Read a clusters CSV: which images are right or wrong together, such as copies of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.datasets.groups import UNKNOWN, read_groups


def read_clusters(path: str | Path, ids: Sequence[str]) -> np.ndarray:
    """Return a number (n,) for each image, equal for the images of a cluster.

    Clusters are numbered in the order of their first images. The table has a column for the image and one for its
    cluster; an empty cell is a cluster of its own. ``UserError`` as for ``read_groups``, and for more columns.
    """
    columns, _ = read_groups(path, ids)
    if len(columns) > 1:
        raise UserError(f"{path} has the columns {', '.join(columns)} beside the image: leave only that of the cluster")
    ((_, names),) = columns.items()
    own = [f"{place} alone" if name == UNKNOWN else f"in {name}" for place, name in enumerate(names)]
    return numbered(own)


def numbered(names: Sequence[object]) -> np.ndarray:
    """Return a number (n,) for each name, from 0, in the order of first places."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], int)
