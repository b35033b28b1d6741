"""Mutants of augmentation and of preparing images."""
