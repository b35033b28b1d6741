"""Loads the sources of the datasets: where, under which terms, and what is needed."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ferspec.errors import UserError
from ferspec.files import parse_toml
from ferspec.records import Record
from ferspec.spec.names import plain_name


class Source(Record):
    """A dataset of the protocol: publisher, place, terms, content of its download, and what ferspec needs.

    ``in_folders`` marks the set that is put into class folders; ``any_counts`` one whose selection is not published.
    """

    name: str
    publisher: str
    where: str
    reference: str
    terms: str
    contains: str
    needs: str
    in_folders: bool = False
    any_counts: bool = False


class _Sources(Record):
    source: tuple[Source, ...]


@cache
def sources() -> tuple[Source, ...]:
    """Return the datasets of the protocol, BTFER first."""
    content = files("ferspec.subjects.datasets").joinpath("sources.toml").read_bytes()
    return _Sources.model_validate(parse_toml(content)).source


def source_of(name: str) -> Source:
    """Return a dataset by its name; case, ``-`` and ``_`` are ignored. ``UserError`` for an unknown name."""
    found = next((source for source in sources() if plain_name(source.name) == plain_name(name)), None)
    if found is None:
        known = ", ".join(source.name for source in sources())
        raise UserError(f"{name!r} is not a dataset of the protocol: it uses {known}")
    return found
