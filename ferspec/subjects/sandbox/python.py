"""Start a module of ferspec in an isolated Python, without the user's variables and folders."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.py")
# the folder that holds ferspec
ROOT = Path(__file__).resolve().parents[3]


def python_words(module: str) -> list[str]:
    """Return the words that run ``main`` of a module, with installed packages and ferspec only."""
    folders = map(str, (ROOT, *library_folders()))
    return [sys.executable, "-I", "-B", "-X", "utf8", str(LAUNCHER), module, *folders]


@cache
def library_folders() -> tuple[Path, ...]:
    """Return the folders on Python's path that hold installed packages, known by their metadata."""
    folders = (Path(entry).resolve() for entry in sys.path if entry)
    return tuple(dict.fromkeys(f for f in folders if f != ROOT and any(f.glob("*.dist-info"))))
