"""Run ``main`` of a module: ``python -I launcher.py MODULE FOLDER...`` with the folders to import from."""

import sys
from importlib import import_module

if __name__ == "__main__":
    module, *folders = sys.argv[1:]
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    sys.argv = [module]
    import_module(module).main()
