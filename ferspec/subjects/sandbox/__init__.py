"""Run untrusted programs in processes of their own, isolated as far as the system allows."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferspec.subjects.sandbox.policy import Isolation as Isolation
    from ferspec.subjects.sandbox.policy import Policy as Policy
    from ferspec.subjects.sandbox.start import Sandboxed as Sandboxed
    from ferspec.subjects.sandbox.start import start as start

__all__ = ["Isolation", "Policy", "Sandboxed", "start"]

# imported on first use, since the programs inside need only the messages and begin quickly without the rest
_LAZY = {"Isolation": "policy", "Policy": "policy", "Sandboxed": "start", "start": "start"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
