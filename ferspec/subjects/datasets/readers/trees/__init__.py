"""Read the files of a dataset in a folder, a zip or a tar."""

from ferspec.subjects.datasets.readers.trees.archives import open_packed
from ferspec.subjects.datasets.readers.trees.folder import Folder
from ferspec.subjects.datasets.readers.trees.tree import LARGEST_IMAGE, Level, Tree, fetch_files, walk

__all__ = ["LARGEST_IMAGE", "Folder", "Level", "Tree", "fetch_files", "open_packed", "walk"]
