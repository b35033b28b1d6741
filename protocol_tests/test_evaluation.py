"""FER-V: what is evaluated, and on which images."""

from ferspec.conformance.families import specification_test

test_evaluation = specification_test("FER-V")
