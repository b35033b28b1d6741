"""Refuse files that declare far more data than they hold."""

from __future__ import annotations

from pathlib import Path

from ferspec.errors import UserError

# Honest weights compress by a few percent; code and configuration, which are small, up to thirtyfold.
EXPANSION = 100
SMALL = 64 * 2**20


def refuse_expansion(declared: int, path: Path) -> None:
    """Raise ``UserError`` where ``declared`` bytes of data are far more than their file."""
    if declared > max(SMALL, EXPANSION * path.stat().st_size):
        raise UserError(f"{path.name} expands to {declared / 2**30:.3g} GiB, far more than its own size: refused")
