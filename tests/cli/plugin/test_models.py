"""The pytest plugin: the checks of the command line with the same ids, and their verdict."""

import os

import pytest

from ferspec.checks.generator import checks_for_model
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import colour_patches, contract
from helpers.places import ROOT, TESTS
from helpers.processes import run_pytest

CLAIM = "accuracy>=0.5"


@pytest.fixture(scope="module")
def conformance(tmp_path_factory):
    """A function that runs the conformance modules in a process of their own, as a third party does."""
    folder = tmp_path_factory.mktemp("third-party")
    colour_patches(folder)
    save_contract(contract(), folder / "contract.toml")

    def run(*words):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS, ROOT)))}
        return run_pytest("--pyargs", "ferspec.conformance", "-v", "-rs", *words, cwd=folder, env=environment)

    return run


def given(model):
    return (
        "--fer-model",
        f"helpers.callables:{model}",
        "--fer-dataset",
        "patches.npz",
        "--fer-contract",
        "contract.toml",
    )


def test_a_right_model_passes_the_checks_of_the_command_line_under_their_ids(conformance):
    ended = conformance(*given("right"), "--fer-claim", CLAIM)
    assert ended.returncode == 0, ended.stdout
    for check in checks_for_model([parse_claim(CLAIM)]):
        assert f"test_model[{check.id}] PASSED" in ended.stdout
    assert "verdict: pass (planned 10, pass 10" in ended.stdout


def test_a_wrong_model_fails_and_says_why(conformance):
    ended = conformance(*given("nearest_centre"))
    assert ended.returncode == 1
    assert "test_model[FER-B-04] FAILED" in ended.stdout
    assert "expected rows off by at most 0.001" in ended.stdout
    assert "likely: the model gives logits" in ended.stdout
    options = "--dataset patches.npz --contract contract.toml"
    assert f"reproduce: ferspec certify helpers.callables:nearest_centre {options} -k FER-B-04" in ended.stdout
    assert "verdict: fail" in ended.stdout


def test_a_declared_failure_is_expected_and_an_idle_declaration_fails(conformance, tmp_path):
    declared = tmp_path / "deviations.toml"
    declared.write_text('[[deviation]]\nclause = "FER-B-04"\ncategory = "future"\nreason = "softmax comes later"\n')
    expected = conformance(*given("nearest_centre"), "--fer-deviations", str(declared))
    assert expected.returncode == 0
    assert "test_model[FER-B-04] XFAIL" in expected.stdout
    idle = conformance(*given("right"), "--fer-deviations", str(declared))
    assert idle.returncode == 1
    assert "test_declared_deviation[FER-B-04] FAILED" in idle.stdout


def test_an_inconclusive_claim_is_neither_passed_nor_failed(conformance):
    ended = conformance(*given("right"), "--fer-claim", "accuracy>=0.99")
    assert ended.returncode == 3
    assert "test_model[FER-B-08[accuracy>=0.99]] SKIPPED" in ended.stdout
    assert "verdict: inconclusive" in ended.stdout


def test_without_a_model_nothing_is_judged_and_the_run_fails(conformance):
    ended = conformance()
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no model was named: add --fer-model" in ended.stdout + ended.stderr
    assert "passed" not in ended.stdout


def test_outcomes_reach_the_summary_from_other_processes(conformance):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    ended = conformance(*given("right"), "--fer-claim", "accuracy>=0.99", "-n", "2")
    assert ended.returncode == 3
    assert "verdict: inconclusive (planned 10, pass 9" in ended.stdout


def test_without_a_named_model_pytest_runs_as_usual(tmp_path):
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    ended = run_pytest(tmp_path, cwd=tmp_path)
    assert ended.returncode == 0
    assert "verdict" not in ended.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fer-model", "absent.keras", "--fer-dataset", "patches.npz"), "absent.keras"),
        ((*given("right"), "--fer-claim", "good"), "cannot read the claim"),
        ((*given("right"), "--fer-claim", "beauty>=0.5"), "unknown metric"),
        (("--fer-model", "helpers.callables:right"), "no dataset was given: add --fer-dataset"),
        ((*given("right"), "--fer-claim", "gap[age]<=0.5"), "gap[COLUMN] with --fer-groups CSV"),
    ],
)
def test_a_mistake_of_the_user_ends_the_run_with_one_line(conformance, words, says):
    ended = conformance(*words)
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert says in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
