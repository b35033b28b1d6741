"""FER-A: how training images are augmented."""

from ferspec.conformance.families import specification_test

test_augmentation = specification_test("FER-A")
