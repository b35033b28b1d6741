"""ferspec: an executable protocol for facial expression recognition, and its judge."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferspec.api.audit import audit as audit
    from ferspec.api.certify import certify as certify
    from ferspec.api.compare import compare as compare
    from ferspec.api.conform import conform as conform
    from ferspec.api.verify import verify as verify
    from ferspec.zoo import build_model as build_model

__version__ = "0.2.0"

__all__ = ["__version__", "audit", "build_model", "certify", "compare", "conform", "verify"]

# imported on first use, so that importing the package loads no framework
_LAZY = {name: f"ferspec.api.{name}" for name in ("audit", "certify", "compare", "conform", "verify")}
_LAZY["build_model"] = "ferspec.zoo"


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'ferspec' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
