"""Keep the results of slow steps, so that a killed stage continues."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ferspec.collection.manifest import LARGEST
from ferspec.files import open_regular, parse_json

KEY = "key"
LONGEST_LINE = 1 << 20

Entry = Mapping[str, Any]


class Journal:
    """Remember entries by key: each is one line of JSON, written at once. Use it as a context.

    A line that was cut by the end of the process is removed when the journal is opened. The last line of a key counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}
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

    def get(self, key: str) -> Entry | None:
        """Return the last entry of a key, or None."""
        return self._entries.get(key)

    def entries(self) -> Collection[Entry]:
        """Return the last entry of each key."""
        return self._entries.values()

    def add(self, key: str, **values: Any) -> Entry:
        """Write an entry, and return it."""
        if self._file is None:
            raise RuntimeError("the journal is not open")
        entry = {KEY: key, **values}
        self._file.write(json.dumps(entry, sort_keys=True).encode() + b"\n")
        self._file.flush()
        self._entries[key] = entry
        return entry


def _complete_lines(path: Path) -> Iterator[tuple[int, Entry | None]]:
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
