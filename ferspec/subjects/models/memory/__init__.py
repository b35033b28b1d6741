"""Present objects of the caller's process as models."""

from ferspec.subjects.models.memory.present import in_memory

__all__ = ["in_memory"]
