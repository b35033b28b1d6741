"""Helpers that the tests import."""
