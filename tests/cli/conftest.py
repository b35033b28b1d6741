"""What tests of commands share: certificates."""

import pytest

from helpers.remembering import remembered


@pytest.fixture(scope="session")
def known_certificates():
    """What was certified in this session."""
    return {}


@pytest.fixture
def certified(ferspec, known_certificates):
    """A function that certifies in the current folder, once for the same words and files."""
    return remembered(lambda *words: ferspec("certify", *words), known_certificates)
