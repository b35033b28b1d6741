"""Converts models to the formats of small devices, and measures what that changes."""
