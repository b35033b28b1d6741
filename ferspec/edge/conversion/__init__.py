"""Converts a model to the formats of small devices, each in a sandboxed process."""
