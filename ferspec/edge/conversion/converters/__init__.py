"""Functions that convert a loaded model to the bytes of a file, in the sandboxed process of a conversion."""
