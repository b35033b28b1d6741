"""Implementations that answer from a process of their own, over JSON lines."""

from ferspec.subjects.implementations.processes.process import TIME_LIMIT, Process
from ferspec.subjects.implementations.processes.start import open_implementation

__all__ = ["TIME_LIMIT", "Process", "open_implementation"]
