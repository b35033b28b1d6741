"""The checks, a pure function each, and the one generator that yields those that fit a subject."""

from ferspec.checks.generator import checks_for_model

__all__ = ["checks_for_model"]
