"""Without a GPU the grid benchmark trains nothing, counts every cell and passes none."""

import re

import pytest

from ferspec import spec
from helpers.places import ROOT
from helpers.processes import run_pytest

CELLS = len(spec.load().cells)


def test_without_a_gpu_every_cell_is_not_evaluated_and_says_why(tmp_path):
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU: the benchmark would train on it")
    done = run_pytest("benchmarks/test_gpu_cells.py", "-m", "gpu", "--fer-artifacts", tmp_path, cwd=ROOT)
    assert re.search(rf"={{3,}} {CELLS} skipped in ", done.stdout)
    assert f"not evaluated {CELLS}" in done.stdout
    assert "TensorFlow finds no GPU" in done.stdout
    assert "verdict: not_evaluated" in done.stdout
    assert done.returncode == 2
    assert not list(tmp_path.iterdir())
