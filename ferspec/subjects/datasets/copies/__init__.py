"""Find copies of pictures: equal pixels, and copies changed as the protocol changes images."""

from ferspec.subjects.datasets.copies.search import Copy, find_copies

__all__ = ["Copy", "find_copies"]
