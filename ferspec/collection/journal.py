"""Keep the results of slow steps, so that a killed stage continues."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Any, TypeVar

from pydantic import StringConstraints, ValidationError

from ferspec.collection.manifest import LARGEST
from ferspec.errors import UserError
from ferspec.files import open_regular, parse_json
from ferspec.records import Record

KEY = "key"
LONGEST_LINE = 1 << 20
LONGEST_KEY = 80

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Shape = TypeVar("Shape", bound=Record)
_Line = Mapping[str, Any]


class Journal:
    """Remember records by key: each is one line of JSON, written at once. Use it as a context.

    A line that was cut by the end of the process is removed when the journal is opened. The last line of a key counts.
    Lines are read as untrusted: ``UserError`` for one that does not have the fields of the record that is asked for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, _Line] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Journal:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = list(_complete_lines(self._path))
        self._entries = {entry[KEY]: entry for _, entry in lines if entry is not None}
        self._file = open(self._path, "ab")
        self._file.truncate(lines[-1][0] if lines else 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def get(self, key: str, shape: type[Shape]) -> Shape | None:
        """Return the last record of a key, or None."""
        return self._read(self._entries[key], shape) if key in self._entries else None

    def entries(self, shape: type[Shape]) -> Iterator[tuple[str, Shape]]:
        """Yield each key with its last record."""
        for key, line in self._entries.items():
            yield key, self._read(line, shape)

    def add(self, key: str, record: Shape) -> Shape:
        """Write a record, and return it."""
        if self._file is None:
            raise RuntimeError("the journal is not open")
        line = {KEY: key, **record.model_dump(mode="json")}
        self._file.write(json.dumps(line, sort_keys=True).encode() + b"\n")
        self._file.flush()
        self._entries[key] = line
        return record

    def damaged(self, key: str, reason: str) -> UserError:
        """Return the error that a line was changed."""
        name = key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}..."
        return UserError(f"{self._path}: the line of {name!r} was changed: {reason}: remove it, and build again")

    def _read(self, line: _Line, shape: type[Shape]) -> Shape:
        try:
            return shape.model_validate({name: value for name, value in line.items() if name != KEY})
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise self.damaged(line[KEY], f"{field}: {first['msg']}" if field else first["msg"]) from None


def _complete_lines(path: Path) -> Iterator[tuple[int, _Line | None]]:
    """Yield the end of each complete line, and its entry; None for a line that is not one."""
    if not os.path.lexists(path):
        return
    with open_regular(path, LARGEST, "a journal") as file:
        while (line := file.readline(LONGEST_LINE)).endswith(b"\n"):
            try:
                entry = parse_json(line)
            except ValueError:
                entry = None
            yield file.tell(), entry if isinstance(entry, dict) and isinstance(entry.get(KEY), str) else None
