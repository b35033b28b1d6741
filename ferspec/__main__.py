"""Run the command line: ``python -m ferspec``."""

import os
import sys
from contextlib import suppress

if __name__ == "__main__":
    # the current folder may be that of a model: none of its files stands for a package of the judge
    with suppress(FileNotFoundError):  # the command says so
        sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd())]

from ferspec.cli import main

if __name__ == "__main__":
    main()
