"""Commands that take the fields of a record as arguments and options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ferspec.options import Argument, flags_of, marker_of
from ferspec.records import Record

Command = Callable[..., None]


def with_fields(command: Command) -> Command:
    """Replace the parameter of a command that is a record by the record's fields.

    A parameter of the command that has the name of a field replaces the field.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    ((parameter, record),) = [(name, hint) for name, hint in hints.items() if _is_record(hint)]
    options = {option.name: option for option in _options(record) if option.name not in signature.parameters}

    @wraps(command)
    def with_options(**given: Any) -> None:
        fields = {name: given.pop(name) for name in options}
        command(**{parameter: _built(record, fields)}, **given)

    expanded: list[inspect.Parameter] = []
    for own in signature.parameters.values():
        kept = own.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[own.name])
        expanded += options.values() if own.name == parameter else [kept]
    with_options.__signature__ = signature.replace(parameters=expanded)  # type: ignore[attr-defined]
    with_options.__annotations__ = {option.name: option.annotation for option in expanded}
    return with_options


def _is_record(hint: Any) -> bool:
    return inspect.isclass(hint) and issubclass(hint, Record)


def _options(record: type[Record]) -> Iterator[inspect.Parameter]:
    """Yield a parameter for each field of a record that the command line gives."""
    for name, field in record.model_fields.items():
        if (marker := marker_of(field)) is None:
            continue
        if isinstance(marker, Argument):
            given = typer.Argument(metavar=marker.metavar, help=marker.help)
        else:
            given = typer.Option(*flags_of(name, marker), metavar=marker.metavar, help=marker.help)
        default = inspect.Parameter.empty if field.is_required() else _default(field)
        annotation = Annotated[_parsed_type(field.annotation), given]  # type: ignore[valid-type]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _default(field: FieldInfo) -> Any:
    default = field.get_default()
    return list(default) if isinstance(default, tuple) else default


def _parsed_type(annotation: Any) -> Any:
    """Return the type to parse for a field: text if the field takes text, a list for a tuple."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _parsed_type(inner[0])
    if origin is tuple:
        return list[_parsed_type(inner[0])]  # type: ignore[misc]
    if origin not in (Union, UnionType):
        return annotation
    parsed = [_parsed_type(one) for one in inner if one is not NoneType]
    known = str if str in parsed else parsed[0]
    return known | None if NoneType in inner else known


def _built(record: type[Record], fields: dict[str, Any]) -> Record:
    try:
        return record(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        marker = marker_of(record.model_fields[field])
        name = field if marker is None or isinstance(marker, Argument) else flags_of(field, marker)[0]
        raise typer.BadParameter(f"{first['input']!r}: {first['msg']}", param_hint=name) from None
