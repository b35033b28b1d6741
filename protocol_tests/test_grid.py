"""FER-G: the grid of published results and its bands."""

from ferspec.conformance.families import specification_test

test_grid = specification_test("FER-G")
