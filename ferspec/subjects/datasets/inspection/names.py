"""Find file names that may identify a person: addresses, and words that look like a name."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from ferspec import spec
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.forms import table

# an e-mail address or a handle, and a page of the web
ADDRESSES = (re.compile(r"[\w.+-]*@(?!\dx\b)\w[\w.-]+"), re.compile(r"(https?[:_%]|www[._])\S+", re.IGNORECASE))
# at least two words in a row that begin with a capital: Ada_Lovelace, John-F-Kennedy, Marie Curie
NAME = re.compile(r"(?<![^\W_])[A-Z][a-z]+(?:[ _-](?:[A-Z]\.?[ _-])?[A-Z][a-z]+){1,3}(?![^\W\d_])")
SEPARATORS = re.compile(r"[ _.-]+")


def address_in(id: str) -> str | None:
    """Return an address or a handle in an image's path, or None."""
    text = unicodedata.normalize("NFKC", id)
    return next((match[0] for pattern in ADDRESSES if (match := pattern.search(text))), None)


def likely_name_in(id: str) -> str | None:
    """Return the part of a file's name that looks like a person's name, or None; a suspicion.

    It consists of words with a capital, none of which is a class, a split or another usual word of file names.
    """
    stem = PurePosixPath(unicodedata.normalize("NFKC", id)).stem
    for match in NAME.finditer(stem):
        words = [word.lower() for word in SEPARATORS.split(match[0])]
        if not any(word in usual_words() for word in words):
            return match[0]
    return None


@cache
def usual_words() -> frozenset[str]:
    """Return the lower-case words that a file name holds without naming a person: classes, splits, ``usual.txt``."""
    known = spec.load()
    classes = {*known.classes, *(alias for names in known.aliases.values() for alias in names), *known.outside}
    splits = {name for names in table().splits.values() for name in names}
    usual = files(__package__).joinpath("usual.txt").read_text(encoding="utf-8").split()
    return frozenset(usual) | {word for name in (*classes, *splits) for word in (name.lower(), plain_name(name))}
