"""Every check on the implementation that ``--fer-implementation`` names; collected only where one is named."""

from ferspec.conformance.test_implementation import (
    pytest_generate_tests,
    test_declared_deviation,
    test_implementation,
)

__all__ = ["pytest_generate_tests", "test_declared_deviation", "test_implementation"]
