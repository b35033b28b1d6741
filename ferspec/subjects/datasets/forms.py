"""Load the table of dataset forms: what is recognised, how it is read, and what is only named."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

from ferspec.files import parse_toml
from ferspec.records import Record
from ferspec.spec.names import LabelOrder, plain_name

# words of a name: FER2013Train is FER and Train
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Form(Record):
    """A form that is read; ``dataset`` is the only one that is distributed in it."""

    name: str
    title: str
    recognised: str
    read: str
    dataset: str | None = None


class Unread(Record):
    """A form that is recognised and not read: its file names, as patterns, and what to do instead."""

    title: str
    names: tuple[str, ...]
    instead: str


class CommonOrder(Record):
    """A common order of numbered classes; without ``datasets`` it is common for any."""

    name: str
    first: int
    classes: tuple[str, ...]
    datasets: tuple[str, ...] = ()

    def labels(self) -> LabelOrder:
        """Return the order as that of a dataset's labels."""
        return LabelOrder(first=self.first, classes=self.classes, place=self.name)


class NamedFiles(Record):
    """A dataset whose file names fit a pattern; the group ``code`` states the expression."""

    title: str
    pattern: str
    codes: dict[str, str]

    def fits(self, name: str) -> bool:
        """Return whether a name is one of this dataset's."""
        return re.fullmatch(self.pattern, name, re.IGNORECASE) is not None

    def expression_of(self, name: str) -> str:
        """Return the expression that a fitting name states."""
        match = re.fullmatch(self.pattern, name, re.IGNORECASE)
        if match is None:
            raise ValueError(f"{name} is not a name of {self.title}")
        return self.codes[match["code"].upper()]


class Headerless(Record):
    """A table without column names, known by its first line.

    The group ``delimiter`` of the pattern separates cells.
    """

    pattern: str
    columns: tuple[str, ...]


class Table(Record):
    """All forms of datasets, and the names that they are recognised by."""

    form: tuple[Form, ...]
    unread: tuple[Unread, ...]
    splits: dict[str, tuple[str, ...]]
    columns: dict[str, tuple[str, ...]]
    arrays: dict[str, tuple[str, ...]]
    order: tuple[CommonOrder, ...]
    named: tuple[NamedFiles, ...]
    headerless: tuple[Headerless, ...]

    def headerless_of(self, line: str) -> tuple[str, tuple[str, ...]] | None:
        """Return delimiter and columns of a table by its first line; None if that may name the columns."""
        matches = ((re.fullmatch(known.pattern, line, re.IGNORECASE), known.columns) for known in self.headerless)
        return next(((match["delimiter"], columns) for match, columns in matches if match is not None), None)

    def role_of(self, name: str) -> str | None:
        """Return the role of a split by its name; None for any other name.

        A word is enough, as in ``train_images``. A name that mentions training, such as ``train_val``, is one for it.
        """
        name = unicodedata.normalize("NFKC", name)
        whole = plain_name(name).removesuffix("set")
        for words in ({whole}, {word.lower() for word in WORDS.findall(name)}):
            if role := next((role for role, names in self.splits.items() if words & {*names}), None):
                return role
        return None


@cache
def table() -> Table:
    """Return the table of dataset forms."""
    return Table.model_validate(parse_toml(files("ferspec.subjects.datasets").joinpath("forms.toml").read_bytes()))
