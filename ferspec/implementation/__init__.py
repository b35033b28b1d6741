"""Offer the suite's own implementation: every capability of the catalogue, in both profiles."""

from ferspec.implementation.own import Implementation

paper, released = Implementation("paper"), Implementation("released")

__all__ = ["Implementation", "paper", "released"]
