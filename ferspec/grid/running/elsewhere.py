"""Tries a training in a scratch folder and hands back, after every epoch, the files that have changed."""

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
    """The files written since the last time, by their paths in the folder, in the order of writing, and those gone."""

    written: Mapping[str, bytes]
    gone: tuple[str, ...] = ()


def attempt_elsewhere(request: Request, files: Mapping[str, bytes], limits: Limits) -> Iterator[tuple[Event, Changes]]:
    """Yield every event of an attempt with what it changed since the one before.

    ``files`` are those that the training goes on from, by their paths in its folder.
    """
    with tempfile.TemporaryDirectory(prefix="ferspec-") as scratch:
        folder = Path(scratch, request.out.name)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        seen = _stamps(folder)
        with closing(attempt(request.model_copy(update={"out": folder}), limits)) as events:
            yield next(events), Changes({})
            for event in events:
                now = _stamps(folder)
                # whoever is stopped between two files of this order still has a folder to go on from
                new = sorted((name for name in now if now[name] != seen.get(name)), key=lambda name: now[name])
                changes = Changes({name: (folder / name).read_bytes() for name in new}, tuple(seen.keys() - now.keys()))
                seen = now
                yield event, changes


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return when each file of a folder was written, and its size; hidden ones are locks or half written."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
