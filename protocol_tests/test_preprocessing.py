"""FER-P: pretraining, the classifier head, and how images are prepared."""

from ferspec.conformance.families import specification_test

test_preprocessing = specification_test("FER-P")
