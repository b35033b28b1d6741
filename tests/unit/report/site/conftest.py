"""The published site, drawn once."""

import pytest

from ferspec.report.site.pages import site_files
from ferspec.report.site.writing import write_site


@pytest.fixture(scope="session")
def files():
    """The files of the published site by their paths."""
    return site_files("ferspec report --published --out site/")


@pytest.fixture(scope="session")
def folder(files, tmp_path_factory):
    """The folder of the published site."""
    target = tmp_path_factory.mktemp("published") / "site"
    write_site(files, target)
    return target
