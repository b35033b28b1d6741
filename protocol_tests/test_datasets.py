"""FER-D: the datasets and their splits."""

from ferspec.conformance.families import specification_test

test_datasets = specification_test("FER-D")
