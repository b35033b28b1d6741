"""Fixtures shared by the executable specification, the tests of the suite and the benchmarks."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Let Hypothesis try the same on every machine, however fast; a model is also judged where it is not installed."""
    if config.pluginmanager.hasplugin("hypothesispytest"):
        from hypothesis import HealthCheck, settings

        told = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
        settings.register_profile("ferspec", **told)
        settings.load_profile("ferspec")


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
