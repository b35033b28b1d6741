"""Loads the tables of action units, expressions and looks."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Return one of the tables next to this module: ``action_units``, ``expressions`` or ``looks``."""
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


CLASSES = tuple(name for name in table("expressions") if name != "sampling")
