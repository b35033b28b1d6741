"""Wherever its output goes, a command never ends with a status that it did not earn, nor with a traceback."""

import os
import sys

import pytest

from helpers.places import ROOT, TESTS
from helpers.processes import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a shell and the devices of Linux")

SUITE = f"{sys.executable} -m pytest --pyargs ferspec.conformance -q -p no:cacheprovider --fer-model"
OUTPUT = "cannot write to standard output: No space left on device"


@pytest.fixture
def shell(tmp_path):
    """A function that runs a line of a shell, in which ``ferspec`` is the command; output is buffered as in a shell."""

    def run_line(line, buffered=True, **environment):
        line = line.replace("ferspec ", f"{sys.executable} -m ferspec ", 1)
        path = os.pathsep.join(map(str, (TESTS, ROOT)))
        given = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "" if buffered else "1", **environment}
        ended = run(["bash", "-c", line], cwd=tmp_path, env=given)
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    return run_line


@pytest.mark.parametrize(
    ("command", "buffered"),
    [("spec list", True), ("spec list --json", False), ("--help", True), ("--version", False), ("certify none", True)],
)
def test_a_full_disk_or_closed_output_is_status_2_and_one_line(shell, command, buffered):
    for target in (">/dev/full", ">&-"):
        status, _, err = shell(f"ferspec {command} {target}", buffered)
        assert (status, err.count("\n")) == (2, 1), err


def test_the_line_says_which_output_failed(shell):
    assert OUTPUT in shell("ferspec --version >/dev/full")[2]
    assert "standard output is closed" in shell("ferspec spec list >&-")[2]


@pytest.mark.parametrize("target", ["2>&-", "2>/dev/full", "<&-"])
def test_without_standard_error_or_input_the_result_is_the_same(shell, target):
    status, out, err = shell(f"ferspec spec show FER-W-02 {target}")
    assert (status, err) == (0, "")
    assert out.startswith("FER-W-02")


@pytest.mark.parametrize("target", ["2>&-", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_mistake_is_status_2_also_where_nobody_can_read_it(shell, target):
    assert shell(f"ferspec spec show FER-W-99 {target}") == (2, "", "")


@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_stops_reading_ends_the_command_quietly(shell, buffered):
    # more than a pipe holds
    status, _, err = shell("ferspec spec list --json | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}", buffered)
    assert (status, err) == (141, "")


def test_a_file_opened_later_does_not_receive_what_is_printed(shell, tmp_path):
    shell("ferspec grid export-published table.csv 2>&-")
    assert (tmp_path / "table.csv").read_text().startswith("cell,source,")


def test_a_working_directory_that_was_removed_is_one_line(shell):
    status, out, err = shell("mkdir gone; cd gone; rmdir ../gone; ferspec spec list")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "the working directory cannot be read" in err


@pytest.mark.parametrize("out", ["/proc/there", "taken", "taken/inside"])
def test_an_output_folder_that_cannot_be_written_is_one_line(shell, tmp_path, out):
    (tmp_path / "taken").touch()
    status, printed, err = shell(f"ferspec grid export-published {out}")
    assert (status, printed, err.count("\n")) == (2, "", 1), err


def test_a_read_only_home_and_no_folder_for_temporary_files_change_nothing(shell):
    status, out, err = shell("ferspec spec show FER-W-02", HOME="/proc", TMPDIR="/proc")
    assert (status, err) == (0, "")
    assert out.startswith("FER-W-02")


def test_a_name_longer_than_any_file_has_is_one_line(shell):
    status, out, err = shell(f"ferspec verify {'a' * 5000}")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert len(err) < 1100


def test_a_name_with_terminal_escapes_is_shown_without_them(shell):
    status, _, err = shell("ferspec verify $'a\\e[31m\\x07\\xffb.json'")
    assert (status, "\x1b" in err, "\x07" in err) == (2, False, False)
    ended = shell(f"{SUITE} $'a\\e[31mb.onnx' --fer-dataset nowhere")
    assert (ended[0], "\x1b[31m" in ended[1] + ended[2]) == (4, False)


@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_pytest_without_output_is_never_status_0(tmp_path, target):
    ended = run(["bash", "-c", f"{SUITE} demo --collect-only {target}"], cwd=tmp_path)
    assert ended.returncode != 0


def test_a_defect_keeps_its_traceback_and_has_a_status_of_its_own(monkeypatch, ferspec):
    from ferspec import cli

    monkeypatch.setattr(cli, "app", lambda **options: 1 / 0)
    status, _, err = ferspec("spec", "list")
    assert status == 70
    assert err.endswith("ZeroDivisionError: division by zero\n")
