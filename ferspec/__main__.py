"""Run the command line: ``python -m ferspec``."""

from ferspec.cli import main

if __name__ == "__main__":
    main()
