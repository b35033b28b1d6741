"""Run ``main`` of a module: ``python -I launcher.py MODULE FOLDER...`` with the folders to import from."""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]


def load_package() -> None:
    """Import ferspec by its path: in a checkout, the folder that holds it may not be listed."""
    spec = spec_from_file_location(PACKAGE.name, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{PACKAGE} is not a package")
    sys.modules[PACKAGE.name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[PACKAGE.name])


if __name__ == "__main__":
    module, *folders = sys.argv[1:]
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    sys.argv = [module]
    load_package()
    import_module(module).main()
