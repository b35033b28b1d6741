"""FER-N: the architectures as the authors ran them."""

from ferspec.conformance.families import specification_test

test_networks = specification_test("FER-N")
