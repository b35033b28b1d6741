"""FER-F: the findings of the paper."""

from ferspec.conformance.families import specification_test

test_findings = specification_test("FER-F")
