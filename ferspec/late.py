"""Import the public names of a namespace on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def late(namespace: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a module whose names are defined in other modules.

    ``places`` maps each name to the module that defines it, or to the module of that name itself.
    """

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module '{namespace}' has no attribute '{name}'")
        module = import_module(places[name])
        return module if places[name] == f"{namespace}.{name}" else getattr(module, name)

    def names() -> list[str]:
        own = {name for name in vars(sys.modules[namespace]) if name.startswith("__")}
        return sorted(own | places.keys())

    return find, names
