"""Import modules from folders that may be read, but not listed: Landlock closes the list of a folder with a secret."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType


class Unlisted:
    """Find the modules that Python's own finder does not, since it lists a folder first."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return a module or package of this name in a closed folder, or None."""
        last = name.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            package = os.path.join(folder, last)
            for file, places in ((os.path.join(package, "__init__.py"), [package]), (f"{package}.py", None)):
                if os.path.isfile(file) and not _is_listed(folder):
                    return spec_from_file_location(name, file, submodule_search_locations=places)
        return None


def import_from_unlisted_folders() -> None:
    """Let this process import modules from folders that it cannot list."""
    sys.meta_path.append(Unlisted)


def _is_listed(folder: str) -> bool:
    try:
        os.scandir(folder or ".").close()
    except PermissionError:
        return False
    return True
