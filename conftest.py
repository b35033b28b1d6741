"""Fixtures shared by the executable specification, the tests of the suite and the benchmarks."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Make Hypothesis deterministic and independent of speed, if it is installed."""
    if config.pluginmanager.hasplugin("hypothesispytest"):
        from hypothesis import HealthCheck, settings

        options = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
        settings.register_profile("ferspec", **options)
        settings.load_profile("ferspec")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference material, or a skip that names the missing folder."""
    folder = Path(os.environ.get("FERSPEC_REFERENCE", ROOT.parent / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"reference material not found (FERSPEC_REFERENCE={folder})")
    return folder


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of golden files and small inputs."""
    return ROOT / "fixtures"
