"""FER-M: the metrics and how they are averaged."""

from ferspec.conformance.families import specification_test

test_metrics = specification_test("FER-M")
