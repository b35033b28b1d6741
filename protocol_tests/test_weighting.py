"""FER-W: how classes are weighted against their imbalance."""

from ferspec.conformance.families import specification_test

test_weighting = specification_test("FER-W")
