"""Reads the dated data on uses and law, and refuses data that contradict themselves."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.spec.loader import USE
from ferspec.spec.names import nearest, plain_name
from ferspec.spec.reading import SpecError, read_toml, to_records
from ferspec.use.records import Document, Domain, Named, Place, Rule, Use

N = TypeVar("N", bound=Named)


class Law(Record):
    """The uses and places that can be declared, the rules, and the paper's domains."""

    uses: tuple[Use, ...]
    places: tuple[Place, ...]
    rules: tuple[Rule, ...]
    domains: tuple[Domain, ...]

    def use(self, name: str) -> Use:
        """Return the use of a name or alias; ``UserError`` that lists all where there is none."""
        return _named(name, self.uses, "use")

    def place(self, name: str) -> Place:
        """Return the place of a name or alias; ``UserError`` that lists all where there is none."""
        return _named(name, self.places, "place")

    def domain(self, use: Use) -> Domain | None:
        """Return the paper's domain of a use, None outside its five."""
        return next((domain for domain in self.domains if domain.name == use.domain), None)


@cache
def law(folder: Path = USE) -> Law:
    """Return the data of a folder, read once.

    ``SpecError`` for a file that is not well-formed, a rule that names an unknown use or place, a use that names an
    unknown domain, and a name with two meanings.
    """
    read = Law(
        uses=tuple(to_records(Use, read_toml(folder / "uses.toml"), "uses.toml", "use", "name")),
        places=tuple(to_records(Place, read_toml(folder / "places.toml"), "places.toml", "place", "name")),
        rules=tuple(to_records(Rule, read_toml(folder / "rules.toml"), "rules.toml", "rule")),
        domains=tuple(to_records(Domain, read_toml(folder / "domains.toml"), "domains.toml", "domain", "name")),
    )
    if problem := _problem(read):
        raise SpecError(problem)
    return read


@cache
def documents() -> tuple[Document, ...]:
    """Return the documents that accompany a model, with their fields."""
    file = "documentation.toml"
    return tuple(to_records(Document, read_toml(USE / file), file, "document", "name"))


def _problem(read: Law) -> str | None:
    uses, places = ({one.name for one in named} for named in (read.uses, read.places))
    domains = {domain.name for domain in read.domains}
    for rule in read.rules:
        if unknown := {*rule.uses} - uses | {*rule.places} - places:
            return f"rules.toml: {rule.id}: unknown use or place {min(unknown)!r}"
    for use in read.uses:
        if use.domain is not None and use.domain not in domains:
            return f"uses.toml: {use.name}: unknown domain {use.domain!r}"
    return _ambiguous("uses.toml", read.uses) or _ambiguous("places.toml", read.places)


def _ambiguous(file: str, named: Iterable[Named]) -> str | None:
    meanings: dict[str, str] = {}
    for one in named:
        for name in (one.name, *one.aliases):
            if meanings.setdefault(plain_name(name), one.name) != one.name:
                return f"{file}: {name!r} has two meanings"
    return None


def _named(name: str, known: tuple[N, ...], what: str) -> N:
    names = {plain_name(word): one for one in known for word in (one.name, *one.aliases)}
    if (found := names.get(plain_name(name))) is not None:
        return found
    near = [names[word].name for word in nearest(plain_name(name), names)]
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UserError(f"unknown {what} {name!r}: known are {', '.join(one.name for one in known)}{hint}")
