"""Faults planted into the artifacts of a right run."""
