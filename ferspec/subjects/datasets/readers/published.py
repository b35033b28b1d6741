"""Read the protocol's datasets in every form in which they are distributed, with their splits.

The EXIF orientation is not applied, as in Keras' ``flow_from_directory``, which the published runs used (FER-P-08).
"""

from __future__ import annotations

from pathlib import Path

from ferspec.subjects.datasets.readers.listing import Listing, PublishedDataset
from ferspec.subjects.datasets.readers.open import open_splits


def read_published(dataset: str, path: Path) -> PublishedDataset:
    """List the images and splits of RAF-DB, FER2013 or AffectNet at ``path``.

    Raise ``UserError`` for files of another dataset, missing files, or invalid files.
    """
    return open_splits(path, dataset).published()


def read_test_set(dataset: str, path: Path) -> Listing:
    """List the images of a dataset without splits, such as BTFER.

    Raise ``UserError`` for files of another dataset, several splits, or invalid files.
    """
    return open_splits(path, dataset).chosen()
