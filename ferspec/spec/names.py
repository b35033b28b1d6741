"""The names of the seven classes, in the protocol and in the datasets."""

import difflib
import re
from collections.abc import Iterable
from functools import cached_property

from ferspec.errors import UserError
from ferspec.records import Record

# how a contract names a column outside the seven classes
UNNAMED = "-"


class LabelOrder(Record):
    """The classes of a dataset's integer labels: ``classes[0]`` has the integer ``first``."""

    first: int
    classes: tuple[str, ...]
    place: str

    def class_of(self, label: int) -> str:
        """Return the name of an integer label; ``UserError`` where the dataset has no such label."""
        if not self.first <= label < self.first + len(self.classes):
            last = self.first + len(self.classes) - 1
            raise UserError(f"label {label} is out of range: labels are {self.first} to {last}")
        return self.classes[label - self.first]


class Names(Record):
    """The seven classes in order, their aliases, other known expressions, and integer labels."""

    classes: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]]
    outside: dict[str, str]
    label_orders: dict[str, LabelOrder]

    def class_index(self, name: str) -> int:
        """Return the index (0 to 6) of a class, by its name or any alias; case, spaces, _ and - are ignored.

        ``UserError`` for a known expression outside the seven, and for any other word, with the
        nearest names. Source: FER-C-01, FER-C-02, FER-C-04.
        """
        plain = plain_name(name)
        if plain in self._indices:
            return self._indices[plain]
        if plain in self.outside:
            raise UserError(f"{name!r} is not one of the seven classes ({self.outside[plain]}): leave its images out")
        near = nearest(plain, (*self._indices, *self.outside))
        known = [self.classes[self._indices[word]] for word in near if word in self._indices]
        hint = f"did you mean {', '.join(dict.fromkeys(known))}?" if known else f"known are {', '.join(self.classes)}"
        raise UserError(f"unknown class {name!r}: {hint}")

    def column_class(self, name: str) -> int | None:
        """Return the index of an output column's class, None for one outside the seven.

        Outside are the known expressions, *other*, *no face* and the like, and ``-``. ``UserError`` for any other word.
        """
        return None if name == UNNAMED or plain_name(name) in self.outside else self.class_index(name)

    def nearest_class(self, name: str) -> str | None:
        """Return the class that a misspelt name most likely means, or None."""
        near = nearest(plain_name(name), self._indices)
        return self.classes[self._indices[near[0]]] if near else None

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {
            plain_name(name): index
            for index, canonical in enumerate(self.classes)
            for name in (canonical, *self.aliases.get(canonical, ()))
        }


def plain_name(name: str) -> str:
    """Return a name in lower case, without spaces, underscores and hyphens."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return up to three similar known words, the most similar first."""
    return difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
