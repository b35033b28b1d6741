"""Define what a source lists: pictures with their terms, which are not read yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferspec.collection.manifest import UNKNOWN
from ferspec.collection.plan import Terms

Reader = Callable[[int], bytes]
"""Returns the content of a file of at most this number of bytes; raises ``UserError``."""


@dataclass(frozen=True)
class Found:
    """Describe a picture of a source.

    ``address`` is a URL, or ``NAME/path`` for a file, which ``read`` then returns.
    """

    address: str
    terms: Terms
    query: str = ""
    licence: str = UNKNOWN
    consent: str = UNKNOWN
    read: Reader | None = None
