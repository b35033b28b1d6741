"""The skeleton of an implementation to fill in."""

from ferspec.commands.skeleton.writing import print_written, write_skeleton

__all__ = ["print_written", "write_skeleton"]
