"""Run a PyTorch module that was built from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.subjects.models.base import shown

MOST_NAMED = 3


def require_torch(path: Path) -> None:
    """Raise ``UserError`` if PyTorch is not installed."""
    require_package(f"running {path.name}", "torch")


def running(module: Callable[..., Any], dtype: Any = None) -> Callable[[np.ndarray], Any]:
    """Return the function that runs a module on batches (default: of float32), without gradients."""
    import torch

    def run(batch: np.ndarray) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(batch).to(dtype))

    return run


def require_all_arrays(name: str, missing: list[str], unexpected: list[str], mismatched: list[str]) -> None:
    """Raise ``UserError`` unless weights fill each array of a network and none is left."""
    problems = {
        "lacks arrays of the network": missing,
        "holds arrays that the network lacks": unexpected,
        "holds arrays of other shapes": mismatched,
    }
    found = [f"{words} ({_listed(names)})" for words, names in problems.items() if names]
    if found:
        raise UserError(f"{name} {' and '.join(found)}: give the network that these weights belong to")


def _listed(names: list[str]) -> str:
    more = f", and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(shown, sorted(names)[:MOST_NAMED])) + more
