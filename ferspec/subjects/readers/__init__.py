"""One reader for each form a dataset can come in; each gives a listing of its images."""

from ferspec.subjects.readers.arrays import read_npz
from ferspec.subjects.readers.fer2013 import read_fer2013
from ferspec.subjects.readers.folders import read_folders
from ferspec.subjects.readers.listing import Listing
from ferspec.subjects.readers.synthetic import read_synthetic

__all__ = ["Listing", "read_fer2013", "read_folders", "read_npz", "read_synthetic"]
