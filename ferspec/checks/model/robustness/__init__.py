"""Measures what changed images and other preparations cost a model."""
