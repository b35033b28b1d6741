"""Read TOML entries into records, with one-line errors that name file and entry."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class SpecError(ValueError):
    """The data files of a specification are not well-formed: one line that names the file and the entry."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; ``SpecError`` where it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path.name}: the file is missing") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path.name}: not TOML: {error}") from None


def to_record(model: type[M], data: Any, file: str, entry: str) -> M:
    """Return the data as a record; ``SpecError`` for the first key that is missing, unknown or of the wrong type."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise SpecError(f"{file}: {entry}: {where}: {what}") from None


def to_records(model: type[M], data: dict[str, Any], file: str, key: str, id: str = "id") -> Iterator[M]:
    """Yield the records of an array of tables; another key, or an id that occurs twice, is an error."""
    for unknown in data.keys() - {key}:
        raise SpecError(f"{file}: unknown key {unknown!r}")
    seen = set()
    for number, entry in enumerate(data.get(key, ()), start=1):
        record = to_record(model, entry, file, entry.get(id, f"{key} {number}"))
        name = getattr(record, id)
        if name in seen:
            raise SpecError(f"{file}: {name}: this {id} occurs twice")
        seen.add(name)
        yield record
