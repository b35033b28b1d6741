"""Import a callable's own modules from source, inside its process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

SOURCE = ".py"


class SourceLoader(SourceFileLoader):
    """Compile a source file, and never run a compiled copy of it, which may differ."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class OwnModules(MetaPathFinder):
    """Find modules below ``root``. Folders are not listed, since their process may not be allowed to."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how a module below ``root`` is loaded, or None."""
        folders = [self.root] if path is None else list(path)
        places = [os.path.join(folder, fullname.rpartition(".")[2]) for folder in folders if self._is_own(folder)]
        for place in places:
            for stem, package in ((os.path.join(place, "__init__"), [place]), (place, None)):
                for suffix in (*EXTENSION_SUFFIXES, SOURCE):
                    if os.path.isfile(file := stem + suffix):
                        loader = SourceLoader if suffix == SOURCE else ExtensionFileLoader
                        return spec_from_file_location(
                            fullname, file, loader=loader(fullname, file), submodule_search_locations=package
                        )
        namespace = [place for place in places if os.path.isdir(place)]
        if not namespace:
            return None
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = namespace
        return spec

    def _is_own(self, folder: str) -> bool:
        return os.path.abspath(folder) == self.root or os.path.abspath(folder).startswith(self.root + os.sep)


def import_from(root: str, first: bool) -> None:
    """Search ``root`` for modules too: before all other folders, or after them."""
    finder = OwnModules(root)
    sys.meta_path.insert(0 if first else len(sys.meta_path), finder)


def own_root() -> str | None:
    """Return the folder of the callable's own modules, or None for an installed one."""
    return next((finder.root for finder in sys.meta_path if isinstance(finder, OwnModules)), None)
