"""Every declared deviation covers a failure."""

from ferspec.conformance.test_implementation import pytest_generate_tests, test_declared_deviation

__all__ = ["pytest_generate_tests", "test_declared_deviation"]
