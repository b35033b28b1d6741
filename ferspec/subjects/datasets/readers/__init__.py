"""Read datasets: one reader for each form, which returns a listing of the images."""

from ferspec.subjects.datasets.readers.arrays import read_npz
from ferspec.subjects.datasets.readers.fer2013 import read_fer2013
from ferspec.subjects.datasets.readers.listing import Choice, Listing, PublishedDataset
from ferspec.subjects.datasets.readers.open import open_splits
from ferspec.subjects.datasets.readers.published import read_published, read_test_set
from ferspec.subjects.datasets.readers.splits import Splits
from ferspec.subjects.datasets.readers.synthetic import drawing_processes, read_synthetic

__all__ = [
    "Choice",
    "Listing",
    "PublishedDataset",
    "Splits",
    "drawing_processes",
    "open_splits",
    "read_fer2013",
    "read_npz",
    "read_published",
    "read_synthetic",
    "read_test_set",
]
