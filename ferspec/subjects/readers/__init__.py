"""One reader for each form a dataset can come in; each gives a listing of its images."""

from ferspec.subjects.readers.arrays import read_npz
from ferspec.subjects.readers.fer2013 import read_fer2013
from ferspec.subjects.readers.folders import read_folders
from ferspec.subjects.readers.listing import Listing, Published
from ferspec.subjects.readers.published import read_published, read_test_set
from ferspec.subjects.readers.synthetic import drawing_processes, read_synthetic

__all__ = [
    "Listing",
    "Published",
    "drawing_processes",
    "read_fer2013",
    "read_folders",
    "read_npz",
    "read_published",
    "read_synthetic",
    "read_test_set",
]
