"""The command ``ferspec report``."""

import json
import time


def test_without_anything_to_draw_nothing_is_written(ferspec, tmp_path):
    status, out, err = ferspec("report", "--out", tmp_path / "site")
    assert (status, out) == (2, "")
    assert err == "ferspec: nothing to draw: give runs, tables or certificates, or --published\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_refused_before_any_work(ferspec, tmp_path):
    (tmp_path / "own.txt").write_text("mine")
    status, _, err = ferspec("report", "--published", "--out", tmp_path)
    assert status == 2
    assert "is not empty" in err


def test_the_published_site_is_drawn_within_40_seconds_of_cpu_time(ferspec, tmp_path):
    begin = time.process_time()
    status, out, _ = ferspec("report", "--published", "--out", tmp_path / "site", "--json")
    assert status == 0
    assert time.process_time() - begin < 40
    assert json.loads(out)["files"] == sorted(
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.*")
    )
