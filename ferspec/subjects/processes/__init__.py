"""Implementations that answer from a process of their own, over JSON lines."""

from ferspec.subjects.processes.opening import open_implementation
from ferspec.subjects.processes.process import TIME_LIMIT, Process

__all__ = ["TIME_LIMIT", "Process", "open_implementation"]
