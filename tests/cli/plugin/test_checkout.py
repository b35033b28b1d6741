"""A model is judged with pytest inside a checkout without the test extra."""

import os

import pytest

from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import colour_patches, contract
from helpers.places import ROOT, TESTS
from helpers.processes import run_pytest

TEST_EXTRA = ("hypothesis", "jsonschema", "pytest_benchmark", "pytest_timeout", "random_order", "xdist")


@pytest.fixture
def core(tmp_path):
    """An environment in which nothing is installed that only the test extra brings."""
    for name in TEST_EXTRA:
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')\n")
    paths = os.pathsep.join(map(str, (tmp_path, TESTS, ROOT)))
    return os.environ | {"PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "ferspec.plugin"}


def test_a_model_is_judged(core, tmp_path):
    colour_patches(tmp_path)
    save_contract(contract(), tmp_path / "contract.toml")
    files = ("--fer-dataset", tmp_path / "patches.npz", "--fer-contract", tmp_path / "contract.toml")
    words = ("--pyargs", "ferspec.conformance", "--fer-model", "helpers.callables:right", *files)
    ended = run_pytest(*words, cwd=ROOT, env=core)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert "verdict: pass" in ended.stdout
    assert "warning" not in ended.stdout
