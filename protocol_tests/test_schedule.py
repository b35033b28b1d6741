"""FER-S: the training schedule and its hyper-parameters."""

from ferspec.conformance.families import specification_test

test_schedule = specification_test("FER-S")
