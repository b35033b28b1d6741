"""A site appears as a whole or not at all."""

import pytest

from ferspec.errors import UserError
from ferspec.report.site.writing import require_free, write_site
from helpers.html_pages import Page


def test_a_site_is_written_into_a_new_or_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new/below", "empty"):
        write_site({"index.html": "a", "cells/b.html": "b"}, tmp_path / name)
        assert (tmp_path / name / "cells" / "b.html").read_text() == "b"
        assert oct((tmp_path / name).stat().st_mode)[-3:] == "755"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


def test_a_folder_with_files_is_refused_and_keeps_them(tmp_path):
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty: choose another --out"):
        require_free(tmp_path)
    with pytest.raises(UserError, match="not empty"):
        write_site({"index.html": "a"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["own.txt"]


def test_nothing_is_left_where_a_file_cannot_be_written(tmp_path):
    with pytest.raises(UserError, match="cannot write"):
        write_site({"index.html": "a", "index.html/b": "b"}, tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_the_policy_of_every_page_allows_its_own_style_and_script_alone(files):
    for name, text in files.items():
        if name.endswith(".html"):
            page = Page(text)
            (policy,) = (one[1]["content"] for one in page.all("meta") if "http-equiv" in one[1])
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "unsafe" not in policy
            assert policy.count("sha256-") == len(page.all("style")) + len(page.all("script"))
            attributes = {attribute for _, held, _ in page.elements for attribute in held}
            assert not [one for one in attributes if one == "style" or one.startswith("on")], name
            loaded = [held["src"] for _, held, _ in page.elements if "src" in held]
            assert all(address.startswith("data:") for address in loaded), name
