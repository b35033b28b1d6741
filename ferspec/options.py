"""Options: how the fields of a record are given on the command line, and the command that gives them all."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from ferspec.records import Record


@dataclass(frozen=True)
class Argument:
    """Marks a field that is given by its position."""

    help: str
    metavar: str


@dataclass(frozen=True)
class Option:
    """Marks a field that is given by a flag, by default its name; printed commands use the first of ``flags``."""

    help: str
    flags: tuple[str, ...] = ()
    metavar: str | None = None


def marker_of(field: FieldInfo) -> Argument | Option | None:
    """Return the marker of a field, None if it is not an option."""
    return next((marker for marker in field.metadata if isinstance(marker, Argument | Option)), None)


def flags_of(name: str, marker: Option) -> tuple[str, ...]:
    """Return the flags of an option, such as ``--dataset`` and ``-d``."""
    return marker.flags or (f"--{name.replace('_', '-')}",)


def shell_command(words: Iterable[object], record: Record, omit: Collection[str] = ()) -> str:
    """Return the shell command that gives a record: words, its arguments, its options other than the default.

    Fields in ``omit`` are left out.
    """
    return shlex.join([*map(str, words), *_given(record, omit)])


def _given(record: Record, omit: Collection[str]) -> Iterator[str]:
    for name, field in type(record).model_fields.items():
        marker, value = marker_of(field), getattr(record, name)
        default = not field.is_required() and value == field.get_default()
        if marker is None or name in omit or value is None or default:
            continue
        if isinstance(marker, Argument):
            yield from map(str, value if isinstance(value, tuple) else (value,))
        else:
            yield from _option(flags_of(name, marker)[0], value)


def _option(flag: str, value: Any) -> Iterator[str]:
    if value is True:
        yield flag
        return
    for one in value if isinstance(value, tuple) else (value,):
        yield from (flag, f"{one:g}" if isinstance(one, float) else str(one))
