"""The programs in docs/python.md run; a model is certified in eight lines."""

import re

import numpy as np
import pytest

from helpers.places import ROOT

PROGRAMS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "python.md").read_text("utf-8"), re.M | re.S)
TORCH, KERAS, CALLBACK, METRICS = PROGRAMS


@pytest.fixture
def done(tmp_path, monkeypatch, capsys):
    """Run a program in a folder of 70 images, and return what it prints."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "faces.npz", images=rng.integers(0, 256, (70, 48, 48, 3), np.uint8), labels=np.arange(70) % 7)
    monkeypatch.chdir(tmp_path)

    def run(program):
        for package in re.search(r"^import (.*)$", program, re.M)[1].split(", "):
            pytest.importorskip(package)
        names = {}
        exec(compile(program, "docs/python.md", "exec"), names)
        return names, capsys.readouterr().out

    return run


@pytest.mark.parametrize("program", [TORCH, KERAS], ids=["torch", "keras"])
def test_a_program_of_eight_lines_certifies_a_model(done, program):
    assert len([line for line in program.splitlines() if line.strip()]) <= 8
    assert done(program)[1].startswith("<evaluation (not isolated) of ")


def test_metrics_are_computed_of_names(done):
    # each F1 weighted by its images: 1 of Happy, 2 of Sad, 1 of Fear
    assert float(done(METRICS)[1].splitlines()[0]) == pytest.approx(0.75)


@pytest.mark.slow
def test_the_callback_ends_both_phases(done):
    names, _ = done(CALLBACK)
    assert names["network"].stop_training
    assert not names["phase"].frozen
