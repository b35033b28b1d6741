"""FER-C: the seven classes and their names."""

from ferspec.conformance.families import specification_test

test_classes = specification_test("FER-C")
