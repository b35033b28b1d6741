"""Start a module of ferspec in an isolated Python, without the user's variables and folders."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.py")
# names of the folders that installers write to
INSTALLED = ("site-packages", "dist-packages")
# the folder that holds ferspec
ROOT = Path(__file__).resolve().parents[3]


def python_words(module: str) -> list[str]:
    """Return the words that run ``main`` of a module, with installed packages and ferspec only."""
    folders = map(str, (ROOT, *library_folders()))
    return [sys.executable, "-I", "-B", "-X", "utf8", str(LAUNCHER), module, *folders]


@cache
def library_folders() -> tuple[Path, ...]:
    """Return the folders of installed packages on Python's path: those with their name and metadata of packages.

    Metadata alone would let the author of a callable make its folder one of them.
    """
    folders = (Path(entry).resolve() for entry in sys.path if entry)
    named = dict.fromkeys(folder for folder in folders if folder.name in INSTALLED)
    return tuple(folder for folder in named if any(folder.glob("*.dist-info")))
