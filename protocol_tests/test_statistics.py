"""FER-Z: intervals, comparisons and calibration."""

from ferspec.conformance.families import specification_test

test_statistics = specification_test("FER-Z")
