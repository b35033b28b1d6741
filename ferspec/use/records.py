"""The records of declared uses, places, rules, and of the paper's requirements."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field

from ferspec.records import Record

Effect = Literal["prohibits", "requires"]
Outcome = Literal["prohibited", "conditions", "unknown"]
Checked = Literal["official text", "secondary sources", "nothing"]
Evidence = Literal["accuracy", "groups", "cost", "robustness", "nothing"]


class Named(Record):
    """Something that a user names, by its name or an alias; case, spaces and hyphens are ignored."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()


class Use(Named):
    """A use that can be declared; ``domain`` is that of the paper's Section 5.2, None outside its five."""

    domain: str | None = None


class Place(Named):
    """A place where a use can be declared."""


class Rule(Record):
    """One article of a law, dated and with its source.

    ``since`` is the date from which it applies. ``as_of`` is the day whose law the row describes. ``checked`` says what
    the row was compared with, and ``note`` what was not.
    """

    id: str
    law: str
    article: str
    effect: Effect
    title: str
    text: str
    places: tuple[str, ...] = Field(min_length=1)
    uses: tuple[str, ...] = Field(min_length=1)
    since: datetime.date
    source: str
    url: str
    as_of: datetime.date
    checked: Checked
    note: str


class Requirement(Record):
    """What the paper requires of a model, and what a certificate knows about it."""

    text: str
    evidence: Evidence


class Domain(Record):
    """One of the five domains of the paper's Section 5.2."""

    name: str
    title: str
    requirements: tuple[Requirement, ...]


class Entry(Record):
    """A field of a document; ``known`` names what a certificate can say, None for a field that stays open.

    ``open`` is what stays open beside that.
    """

    place: str
    title: str
    known: str | None = None
    open: str | None = None


class Document(Record):
    """A document that accompanies a model, such as the technical documentation of Annex IV."""

    name: str
    source: str
    fields: tuple[Entry, ...]
