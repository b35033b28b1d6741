"""Fixtures shared by the executable specification, the tests of the suite and the benchmarks."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a test must not depend on how fast a machine is, nor find on one what it does not find on another
settings.register_profile("ferspec", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ferspec")

ROOT = Path(__file__).parent


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference material, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("FERSPEC_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"reference material not found (FERSPEC_REFERENCE={folder})")
    return folder


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of golden files and small inputs."""
    return ROOT / "fixtures"
