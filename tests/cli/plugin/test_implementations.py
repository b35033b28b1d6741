"""pytest with ``--fer-implementation`` runs the checks of the command line and nothing else."""

import os
import shlex
import shutil

import pytest

from ferspec import spec
from ferspec.checks.generator import checks_for_implementation
from helpers.implementations import MINIATURE, PERL, misbehaving
from helpers.places import ROOT
from helpers.processes import run_pytest

CHECKS = checks_for_implementation()


WITHOUT_THE_FIRST = """
import pytest


def pytest_runtest_setup(item):
    if "FER-C-01" in item.name:
        pytest.skip()
"""
BROKEN_JUDGE = """
from ferspec.conformance import families as tests

judge = tests.outcome_of


def outcome_of(check, subject, reproduce):
    if check.id == "FER-W-01[RAF-DB]":
        raise ZeroDivisionError
    return judge(check, subject, reproduce)


tests.outcome_of = outcome_of
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A function that runs pytest in a folder with a right and a wrong miniature."""
    folder = tmp_path_factory.mktemp("implementation")
    (folder / "right.py").write_text(MINIATURE)
    (folder / "uncapped.py").write_text(MINIATURE + "LIMIT = 1000\n")
    (folder / "pairless.py").write_text(
        'def monitored_split():\n    return "validation"\n\n'
        'def augmented_splits():\n    return ["training", "\\ud800"]\n'
    )
    (folder / "without_the_first.py").write_text(WITHOUT_THE_FIRST)
    (folder / "broken_judge.py").write_text(BROKEN_JUDGE)
    (folder / "own.toml").write_text(
        '[[deviation]]\nclause = "FER-W-02"\ncategory = "future"\nreason = "the cap comes"\n'
    )

    def run(*words, where=("--pyargs", "ferspec.conformance")):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
        ended = run_pytest(*where, "-v", "-rs", *words, cwd=folder, env=environment)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def test_the_checks_of_the_command_line_are_run_with_ids_that_are_sentences(judged):
    status, out = judged("--fer-implementation", "right")
    passed = sum(set(check.needs) <= {"classes", "class_weights"} for check in CHECKS)
    assert status == 0
    assert f"test_implementation[FER-C-01 {spec.load().clause('FER-C-01').title}] PASSED" in out
    assert "right, profile released" in out
    assert f"verdict: pass (planned {len(CHECKS)}, pass {passed}, fail 0, inconclusive 0" in out
    assert "not evaluated: right does not offer learning_rates" in out
    assert "test_model" not in out


def test_protocol_tests_run_only_the_checks_of_a_named_implementation(judged):
    status, out = judged("--fer-implementation", "uncapped", where=(str(ROOT / "protocol_tests"),))
    assert status == 1
    assert f"collected {len(CHECKS) + 1} items" in out
    assert "likely: the cap is missing" in out
    assert "reproduce: ferspec conform uncapped -k 'FER-W-02[" in out
    assert "verdict: fail" in out


def test_without_one_the_specification_judges_the_built_in_implementation(judged):
    status, out = judged("-k", "FER-W-02", where=(str(ROOT / "protocol_tests"),))
    assert status == 0
    assert "test_weighting[FER-W-02 conservative weights are capped at 3 [RAF-DB]] PASSED" in out


def test_a_declared_failure_is_expected_and_an_idle_declaration_fails(judged):
    status, out = judged("--fer-implementation", "uncapped", "--fer-deviations", "own.toml")
    assert (status, "XFAIL" in out) == (0, True)
    status, out = judged("--fer-implementation", "right", "--fer-deviations", "own.toml")
    assert (status, "test_declared_deviation[FER-W-02] FAILED" in out) == (1, True)


def test_an_answer_that_is_not_text_fails_its_check(judged):
    status, out = judged("--fer-implementation", "pairless", "-k", "FER-V-04 or FER-A-11")
    assert status == 1
    assert "verdict: fail (planned 2, pass 1, fail 1" in out
    assert "Traceback" not in out


def test_a_check_without_an_outcome_leaves_no_verdict(judged):
    status, out = judged("--fer-implementation", "right", "-k", "FER-W-01 or FER-C-01", "-p", "broken_judge")
    assert status == 1
    assert "ZeroDivisionError" in out
    planned = sum(check.clause in {"FER-C-01", "FER-W-01"} for check in CHECKS)
    assert f"verdict: none (planned {planned}, pass {planned - 1}, fail 0" in out
    assert "tests without an outcome: 1)" in out


def test_a_check_that_is_not_run_leaves_no_verdict(judged):
    status, out = judged("--fer-implementation", "right", "-k", "FER-C-01 or FER-C-04", "-p", "without_the_first")
    assert status == 1
    assert "verdict: none (planned " in out


def test_collecting_checks_without_running_them_succeeds(judged):
    status, out = judged("--fer-implementation", "right", "--collect-only")
    assert status == 0
    assert "verdict" not in out


@pytest.mark.parametrize(
    ("words", "count"), [(("-k", "FER-V-04"), "pass 1, fail 1"), (("-k", "FER-V-04 or FER-M-07", "-n", "1"), "fail 1")]
)
def test_a_fault_outside_every_check_fails_the_run(judged, words, count):
    if "-n" in words:
        pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    status, out = judged("--fer-implementation-command", misbehaving("writes late"), *words)
    assert status == 1
    assert "monitored_split: wrote done" in out
    assert "verdict: fail (planned " in out
    assert count in out
    assert "1 error" in out


@pytest.mark.skipif(shutil.which("perl") is None, reason="there is no perl on this machine")
def test_a_command_is_judged_by_the_profile_that_is_named(judged):
    command = shlex.join(PERL)
    status, out = judged("--fer-implementation-command", command, "--fer-profile", "paper")
    assert "profile paper" in out
    assert "FER-Z-02" in out
    assert status in (0, 1)
    assert f"planned {len(CHECKS)}, " in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fer-implementation", "absent"), "there is no module 'absent'"),
        (("--fer-implementation", "right", "--fer-implementation-command", "perl x.pl"), "name one implementation"),
        (("--fer-implementation", "right", "--fer-profile", "printed"), "invalid choice: 'printed'"),
    ],
)
def test_a_mistake_of_the_user_ends_the_run_with_one_line(judged, words, says):
    status, out = judged(*words)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert says in out
    assert "Traceback" not in out
    assert "verdict" not in out
