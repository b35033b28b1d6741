"""Run implementations in their own processes and exchange JSON lines with them."""

from ferspec.subjects.implementations.processes.process import TIME_LIMIT, Process
from ferspec.subjects.implementations.processes.start import open_implementation

__all__ = ["TIME_LIMIT", "Process", "open_implementation"]
