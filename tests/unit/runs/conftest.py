"""A finished run that the tests of run folders share."""

import shutil

import pytest


@pytest.fixture(scope="package")
def finished(tmp_path_factory):
    """The folder of a finished run; tests do not change it."""
    from helpers.tiny import runs as tiny_runs

    folder = tmp_path_factory.mktemp("finished") / "run"
    tiny_runs.finished_run(folder)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a finished run that may be changed."""
    return shutil.copytree(finished, tmp_path / "run")
