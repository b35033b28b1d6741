"""Measure pictures of faces: how sharp, how flat, and how much text lies over the face."""

from ferspec.collection.measures.flatness import flatness
from ferspec.collection.measures.sharpness import sharpness
from ferspec.collection.measures.text import text_share

__all__ = ["flatness", "sharpness", "text_share"]
