"""ExecuTorch programs, run by ExecuTorch's runtime in a process of their own."""

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import open_model
from ferspec.subjects.models.detect import detect
from helpers.conversions import answers
from helpers.sources import FIRST, noise, torch_network

torch = pytest.importorskip("torch")
pytest.importorskip("executorch", reason="the extra edge-torch is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A small network as an ExecuTorch program for one image."""
    from executorch.exir import to_edge_transform_and_lower

    exported = torch.export.export(torch_network(), (torch.zeros(1, 3, 48, 48),))
    path = tmp_path_factory.mktemp("executorch") / "network.pte"
    path.write_bytes(to_edge_transform_and_lower(exported).to_executorch().buffer)
    return path


def test_a_program_answers_as_its_network(program):
    images = noise(6, 1)
    with torch.no_grad():
        expected = torch_network()(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()
    np.testing.assert_allclose(answers(program, FIRST, images), expected, atol=1e-5)


def test_a_program_is_recognised_by_its_content(program, tmp_path):
    (tmp_path / "unnamed").write_bytes(program.read_bytes())
    assert detect(tmp_path / "unnamed") == "executorch"


@pytest.mark.parametrize("kept", [16, 1000])
def test_a_truncated_program_is_refused_in_one_line(program, tmp_path, kept):
    (tmp_path / "short.pte").write_bytes(program.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"^short\.pte cannot be loaded[^\n]*$"):
        open_model(tmp_path / "short.pte")
