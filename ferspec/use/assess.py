"""Decides what the data on law say of a declared use. Not legal advice."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Literal

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.use.data import Law, law
from ferspec.use.records import Domain, Outcome, Rule

# after this number of days, the law may have changed
FRESH_DAYS = 180
CAVEAT = "not legal advice"

if TYPE_CHECKING:
    UseName = str
    PlaceName = str
else:
    UseName = Literal[*(use.name for use in law().uses)]
    PlaceName = Literal[*(place.name for place in law().places)]


class Declaration(Record):
    """The use that the owner of a model declares: for what, where, and on which day. It is a claim."""

    use: UseName
    place: PlaceName
    date: datetime.date


class Assessment(Record):
    """What the data on law say of a declared use.

    - ``prohibited``: a rule that applies on the day prohibits it.
    - ``conditions``: no rule of the data prohibits it, and some require something.
    - ``unknown``: no rule of the data applies to it.

    ``rules`` apply on the day, ``coming`` ones later. ``as_of`` is that of the oldest row, None without rows; ``age``
    is its age on the day in days. ``domain`` has the paper's requirements.
    """

    declared: Declaration
    use: str
    place: str
    outcome: Outcome
    rules: tuple[Rule, ...]
    coming: tuple[Rule, ...]
    domain: Domain | None
    as_of: datetime.date | None
    age: int | None

    @property
    def is_stale(self) -> bool:
        """Whether the data are too old on the day."""
        return self.age is not None and self.age > FRESH_DAYS

    @property
    def prohibitions(self) -> tuple[Rule, ...]:
        """The rules that prohibit the use on the day."""
        return tuple(rule for rule in self.rules if rule.effect == "prohibits")


def declare(use: str, place: str, date: str | datetime.date | None = None) -> Declaration:
    """Return a declaration, by default of today.

    ``UserError`` for an unknown use or place, which lists the known ones, and for a text that is not a date.
    """
    known = law()
    return Declaration(use=known.use(use).name, place=known.place(place).name, date=_date(date))


def assess(use: str, place: str, date: str | datetime.date | None = None, data: Law | None = None) -> Assessment:
    """Return what the data on law say of a use, by default of today.

    ``UserError`` as for ``declare``.
    """
    data = data or law()
    named, where, day = data.use(use), data.place(place), _date(date)
    concerned = [rule for rule in data.rules if named.name in rule.uses and where.name in rule.places]
    rules = sorted((rule for rule in concerned if rule.since <= day), key=lambda rule: rule.effect != "prohibits")
    as_of = min((rule.as_of for rule in concerned), default=None)
    prohibited = any(rule.effect == "prohibits" for rule in rules)
    return Assessment(
        declared=Declaration(use=named.name, place=where.name, date=day),
        use=named.title,
        place=where.title,
        outcome="prohibited" if prohibited else "conditions" if rules else "unknown",
        rules=tuple(rules),
        coming=tuple(sorted((rule for rule in concerned if rule.since > day), key=lambda rule: rule.since)),
        domain=data.domain(named),
        as_of=as_of,
        age=None if as_of is None else (day - as_of).days,
    )


def _date(given: str | datetime.date | None) -> datetime.date:
    if given is None:
        return datetime.datetime.now(datetime.UTC).date()
    if isinstance(given, datetime.date):
        return given
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        raise UserError(f"date {given!r}: expected a day such as 2026-12-01") from None
