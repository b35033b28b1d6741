"""Define the classes of output columns, and how answers outside the seven classes count."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import Field

from ferspec import spec
from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.spec.names import plain_name

Extra = Literal["wrong", "drop"] | dict[str, str]
WRONG: Extra = "wrong"
DROP: Extra = "drop"
MOST_COLUMNS = 1000


class ClassSet(Record):
    """Name the class of each output column; ``extra`` says what a column outside the seven counts as."""

    classes: tuple[str, ...] = Field(
        description="one name per column: any alias of the seven classes, contempt, other, no face, …, or -"
    )
    extra: Extra = Field(
        default="wrong",
        exclude_if=lambda extra: extra == WRONG,
        description="how an answer outside the seven counts: wrong, left out (drop), or merged into a class",
    )

    @property
    def declared(self) -> tuple[int | None, ...]:
        """The class of each column, 0 to 6; None for a column outside the seven."""
        return tuple(map(spec.load().column_class, self.classes))

    @property
    def read_as(self) -> tuple[int | None, ...]:
        """The class that each column counts for, 0 to 6; None for a column that counts for no class."""
        merged = self.extra if isinstance(self.extra, dict) else {}
        into = {plain_name(name): spec.load().class_index(target) for name, target in merged.items()}
        return tuple(
            into.get(plain_name(name)) if index is None else index
            for name, index in zip(self.classes, self.declared, strict=True)
        )

    @property
    def outside(self) -> tuple[str, ...]:
        """The names of the columns outside the seven."""
        return tuple(name for name, index in zip(self.classes, self.declared, strict=True) if index is None)

    @property
    def unread(self) -> tuple[str, ...]:
        """The names of the columns that count for no class, and are not dropped."""
        kept = () if self.extra == DROP else zip(self.classes, self.read_as, strict=True)
        return tuple(name for name, index in kept if index is None)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the seven classes that no column counts for."""
        named = set(self.read_as)
        return tuple(name for index, name in enumerate(spec.load().classes) if index not in named)

    @property
    def is_the_protocols(self) -> bool:
        """Whether the columns are the seven classes, in any order."""
        return not self.outside and not self.missing

    def treating(self, extra: Extra) -> ClassSet:
        """Return the same classes with another ``extra``."""
        return ClassSet(classes=self.classes, extra=extra)


@cache
def seven() -> ClassSet:
    """Return the protocol's classes in their order. A function, since a model's process cannot read the protocol."""
    return ClassSet(classes=spec.load().classes)


def problem_of(declared: ClassSet) -> str | None:
    """Return the key and what is wrong with its value; None for valid classes."""
    return _problem_of_names(declared.classes) or _problem_of_merging(declared)


def _problem_of_names(names: tuple[str, ...]) -> str | None:
    if not 2 <= len(names) <= MOST_COLUMNS:
        return f"classes: the number of names is {len(names)}: it must be from 2 to {MOST_COLUMNS:,}"
    by_class: dict[int, str] = {}
    for name in names:
        try:
            index = spec.load().column_class(name)
        except UserError as error:
            return f"classes: {error} (or '-' for a column outside the seven)"
        if index in by_class:
            return f"classes: {by_class[index]!r} and {name!r} are the same class"
        if index is not None:
            by_class[index] = name
    return None if by_class else f"classes: name at least one of the seven classes: {', '.join(spec.load().classes)}"


def _problem_of_merging(declared: ClassSet) -> str | None:
    if not isinstance(declared.extra, Mapping):
        return None
    if not declared.extra:
        return 'extra: the table is empty: write "wrong", "drop", or a column and its class: { contempt = "Disgust" }'
    if len(set(map(plain_name, declared.extra))) < len(declared.extra):
        return f"extra: a column is merged twice: {', '.join(declared.extra)}"
    outside = set(map(plain_name, declared.outside))
    for name, target in declared.extra.items():
        if plain_name(name) not in outside:
            known = ", ".join(declared.outside) or "none"
            return f"extra: {name!r} is not the name of a column outside the seven classes; these are: {known}"
        try:
            spec.load().class_index(target)
        except UserError as error:
            return f"extra.{name}: {error}"
    return None
