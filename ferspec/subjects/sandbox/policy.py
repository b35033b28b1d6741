"""Define what an isolated process may do, and record what was enforced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from ferspec.records import Record

GIB = 2**30


@dataclass(frozen=True)
class Policy:
    """State what a process may read, start and use; everything else is denied where the system can deny it.

    ``readable`` are files and folders, beside the system's libraries, Python and ferspec's code without the data of
    its specification. ``hidden`` is never readable, even inside a readable folder. ``folder`` is the working folder,
    which must be readable; without it the process works in an empty one. ``memory`` is in bytes. A ``trusted`` process
    runs code of ferspec itself, and may read the data of the specification.
    """

    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    folder: Path | None = None
    may_start_processes: bool = False
    memory: int = 16 * GIB
    most_processes: int = 64
    trusted: bool = False


class Isolation(Record):
    """Record what the system enforced on a subject's process. ``tools`` names what enforced it."""

    files: bool = Field(description="only the declared files could be read, and none outside a scratch folder written")
    network: bool = Field(description="no network, and no socket of another process")
    processes: bool = Field(description="no other process could be seen, traced or signalled")
    limits: tuple[str, ...] = Field(default=(), description="what was limited: memory, time, output, processes, files")
    tools: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether files, network and processes were all isolated, as a certificate of code requires."""
        return self.files and self.network and self.processes
