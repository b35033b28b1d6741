"""Convert a loaded model to the bytes of a file, inside the sandbox."""
