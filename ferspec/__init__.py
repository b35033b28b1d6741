"""ferspec: an executable protocol for facial expression recognition, and its judge."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "audit", "build_model", "certify", "compare", "conform", "verify"]

# imported on first use, so that importing the package loads no framework
_LAZY = {
    "audit": "ferspec.checks.run.audit",
    "build_model": "ferspec.zoo",
    "certify": "ferspec.api",
    "compare": "ferspec.api",
    "conform": "ferspec.api",
    "verify": "ferspec.api",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'ferspec' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
