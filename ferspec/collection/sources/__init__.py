"""The sources of a collection: lists of addresses, folders, archives and providers."""

from ferspec.collection.sources.found import Found, Reader
from ferspec.collection.sources.open import open_source

__all__ = ["Found", "Reader", "open_source"]
