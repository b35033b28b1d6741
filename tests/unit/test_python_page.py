"""The programs in docs/python.md run, in eight lines each."""

import re

import numpy as np
import pytest

from helpers.places import ROOT

PROGRAMS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "python.md").read_text("utf-8"), re.M | re.S)


def test_there_are_programs():
    assert len(PROGRAMS) == 2


@pytest.mark.parametrize("program", PROGRAMS, ids=["torch", "keras"])
def test_a_program_of_eight_lines_certifies_a_model(tmp_path, monkeypatch, capsys, program):
    for package in re.search(r"^import (.*)$", program, re.M)[1].split(", "):
        pytest.importorskip(package)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "faces.npz", images=rng.integers(0, 256, (70, 48, 48, 3), np.uint8), labels=np.arange(70) % 7)
    monkeypatch.chdir(tmp_path)
    assert len([line for line in program.splitlines() if line.strip()]) <= 8
    exec(compile(program, "docs/python.md", "exec"), {})
    assert capsys.readouterr().out.startswith("<evaluation (not isolated) of ")
