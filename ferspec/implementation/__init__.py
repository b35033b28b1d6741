"""The suite's own implementation, as any other is judged: every capability of the catalogue, in both profiles."""

from ferspec.implementation.own import Implementation

paper, released = Implementation("paper"), Implementation("released")

__all__ = ["Implementation", "paper", "released"]
