"""Build the query plan, and recognise the terms of a query.

The plan crosses ethnicity, gender, age and expression in English and Spanish (paper 2, stage 1). Its words are data:
``data/queries.toml``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import parse_toml
from ferspec.records import Record

DATA = Path(__file__).parent / "data" / "queries.toml"
Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Gender = Literal["female", "male"]
Inflected = str | Mapping[Gender, str]
WORD = re.compile(r"[\w-]+")
# of a name or a cell; the longest query of the plan has 7
MOST_WORDS = 100


class Terms(Record):
    """Describe what a query asks for; a term that it does not contain is empty."""

    label: str = ""
    ethnicity: str = ""
    gender: str = ""
    age: str = ""
    language: str = ""


class Query(Terms):
    """Hold one query of the plan: its words, and their terms."""

    text: str


class _Ethnicity(Record):
    name: str
    en: Inflected
    es: Inflected


class _Person(Record):
    age: str
    gender: Gender
    en: str
    es: str


class _Expression(Record):
    label: str
    en: Inflected
    es: Inflected


class _Word(Record):
    text: str
    label: str = ""
    age: str = ""
    gender: str = ""


class _Plan(Record):
    order: Mapping[Language, str]
    ethnicities: tuple[_Ethnicity, ...] = Field(alias="ethnicity")
    persons: tuple[_Person, ...] = Field(alias="person")
    expressions: tuple[_Expression, ...] = Field(alias="expression")
    words: tuple[_Word, ...] = Field(alias="word")


def languages_of(names: Sequence[str] | None) -> tuple[Language, ...]:
    """Return languages of the plan by their names, all for none; ``UserError`` for another name."""
    unknown = [name for name in names or () if name not in LANGUAGES]
    if unknown:
        raise UserError(f"the language {unknown[0]!r} is not one of {', '.join(LANGUAGES)}")
    return tuple(language for language in LANGUAGES if not names or language in names)


def queries(languages: tuple[Language, ...] = LANGUAGES) -> tuple[Query, ...]:
    """Return all queries of the plan in some languages: 750 for each."""
    plan = _plan()
    crossed = product(languages, plan.expressions, plan.ethnicities, plan.persons)
    return tuple(
        Query(
            text=plan.order[language].format(
                ethnicity=_inflected(getattr(ethnicity, language), person.gender),
                person=getattr(person, language),
                expression=_inflected(getattr(expression, language), person.gender),
            ),
            label=expression.label,
            ethnicity=ethnicity.name,
            gender=person.gender,
            age=person.age,
            language=language,
        )
        for language, expression, ethnicity, person in crossed
    )


def terms_of(text: str) -> Terms:
    """Return the terms in a query, or in the name of a folder or list; a class name is enough.

    Unknown words are ignored. ``UserError`` where the words name no class, or several.
    """
    found = _terms_in(text)
    labels = sorted({terms.label for terms in found if terms.label})
    if len(labels) != 1:
        named = " and ".join(labels) or "none"
        raise UserError(f"{text!r} does not name one class, or one expression of the query plan: it names {named}")
    return _joined(found)


def terms_without_class(text: str) -> Terms:
    """Return the terms in a query whose class is known otherwise."""
    return _joined(_terms_in(text)).model_copy(update={"label": ""})


def known_term(group: Literal["ethnicity", "gender", "age", "language"], text: str) -> str:
    """Return a term of the plan; ``UserError`` for any other text, which might name a person."""
    known = sorted({getattr(query, group) for query in queries()})
    if text.lower() not in known:
        raise UserError(f"the {group} {text!r} is not one of {', '.join(known)}")
    return text.lower()


def _terms_in(text: str) -> list[Terms]:
    """Return the terms of each known phrase in a text, the longest phrases first."""
    known = _phrases()
    longest = max(phrase.count(" ") for phrase in known) + 1
    words = [_plain(word) for word in WORD.findall(text.replace("_", " "))[:MOST_WORDS]]
    found: list[Terms] = []
    while words:
        length = next((length for length in range(longest, 0, -1) if " ".join(words[:length]) in known), 0)
        if length:
            found.append(known[" ".join(words[:length])])
        words = words[length or 1 :]
    return found


def _joined(found: Sequence[Terms]) -> Terms:
    return Terms(**{field: _first(field, found) for field in Terms.model_fields})


def _first(field: str, found: Sequence[Terms]) -> str:
    return next((value for terms in found if (value := getattr(terms, field))), "")


@cache
def _plan() -> _Plan:
    return _Plan.model_validate(parse_toml(DATA.read_bytes()))


@cache
def _phrases() -> dict[str, Terms]:
    """Return what each phrase of the plan says; a phrase of several meanings says what they share."""
    phrases: dict[str, Terms] = {}
    for phrase, terms in _spoken():
        before = phrases.get(_plain(phrase), terms)
        shared = {field: value for field, value in terms if getattr(before, field) == value}
        phrases[_plain(phrase)] = Terms(**shared)
    return phrases


def _spoken() -> Iterator[tuple[str, Terms]]:
    plan, names = _plan(), spec.load()
    for label in names.classes:
        yield from ((name, Terms(label=label)) for name in (label, *names.aliases.get(label, ())))
    for word in plan.words:
        yield word.text, Terms(**word.model_dump(exclude={"text"}))
    for language in LANGUAGES:
        for person in plan.persons:
            yield getattr(person, language), Terms(age=person.age, gender=person.gender, language=language)
        genders: tuple[Gender, ...] = get_args(Gender)
        for gender in genders:
            for ethnicity in plan.ethnicities:
                yield _inflected(getattr(ethnicity, language), gender), Terms(ethnicity=ethnicity.name)
            for expression in plan.expressions:
                form = _inflected(getattr(expression, language), gender)
                yield form, Terms(label=expression.label, language=language)


def _inflected(form: Inflected, gender: Gender) -> str:
    return form if isinstance(form, str) else form[gender]


def _plain(text: str) -> str:
    """Return a text in lower case without accents, as file names often have it."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
