"""The notebooks in docs/notebooks run from top to bottom, and hold no outputs."""

import pytest

from helpers.places import ROOT

# they draw hundreds of faces, or train
HEAVY = ("certify", "dataset", "train")
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
SECONDS = 250


def name(notebook):
    return notebook.stem


def test_there_is_one_for_each_user():
    assert [*map(name, NOTEBOOKS)] == ["certify", "conform", "dataset", "train", "verify"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_a_notebook_is_valid_and_holds_no_outputs(notebook):
    read = nbformat.read(notebook, as_version=4)
    nbformat.validate(read)
    assert all(cell.outputs == [] and cell.execution_count is None for cell in read.cells if cell.cell_type == "code")


@pytest.mark.parametrize(
    "notebook",
    [pytest.param(path, id=name(path), marks=[pytest.mark.slow] * (name(path) in HEAVY)) for path in NOTEBOOKS],
)
def test_a_notebook_runs(notebook, tmp_path):
    if name(notebook) == "train":
        pytest.importorskip("tensorflow")
    read = nbformat.read(notebook, as_version=4)
    nbclient.NotebookClient(read, timeout=SECONDS, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = [output for cell in read.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in output.get("data", {}) for output in printed)
