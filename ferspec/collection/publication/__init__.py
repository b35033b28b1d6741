"""What is published with a set: its manifest, a datasheet and a Croissant file."""

from ferspec.collection.publication.correcting import correct_counts
from ferspec.collection.publication.croissant import croissant
from ferspec.collection.publication.datasheet import datasheet
from ferspec.collection.publication.facts import Facts, facts_of
from ferspec.collection.publication.listing import public_table

__all__ = ["Facts", "correct_counts", "croissant", "datasheet", "facts_of", "public_table"]
