"""Run implementations in their own processes and exchange JSON lines with them."""

from ferspec.subjects.implementations.processes.process import Process
from ferspec.subjects.implementations.processes.start import open_implementation

__all__ = ["Process", "open_implementation"]
