"""The checks on an inspected dataset."""
