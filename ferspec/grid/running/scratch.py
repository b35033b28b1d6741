"""Attempts a training in a scratch folder, and returns the changed files after every epoch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ferspec.grid.running.attempt import attempt
from ferspec.grid.running.jobs import Event, Limits
from ferspec.grid.training.train import Request


@dataclass(frozen=True)
class Changes:
    """The files written and removed since the last event. Written files are in the order of writing."""

    written: Mapping[str, bytes]
    removed: tuple[str, ...] = ()


def attempt_in_scratch(request: Request, files: Mapping[str, bytes], limits: Limits) -> Iterator[tuple[Event, Changes]]:
    """Yield every event of an attempt with the changes since the last event.

    ``files`` are the files of the training so far, by their paths in its folder.
    """
    with tempfile.TemporaryDirectory(prefix="ferspec-") as scratch:
        folder = Path(scratch, request.out.name)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        before = _stamps(folder)
        with closing(attempt(request.model_copy(update={"out": folder}), limits)) as events:
            yield next(events), Changes({})
            for event in events:
                now = _stamps(folder)
                # in the order of writing, so that an interruption between two files leaves a folder that can resume
                new = sorted((name for name in now if now[name] != before.get(name)), key=lambda name: now[name])
                written = {name: (folder / name).read_bytes() for name in new}
                changes = Changes(written, tuple(before.keys() - now.keys()))
                before = now
                yield event, changes


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return modification time and size of each file. Hidden files are locks or incomplete."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
