"""A run with declared deviations is audited, and never passes as a protocol run."""

import json
import shutil

import pytest

import ferspec as suite
from helpers.made import runs as made_runs
from helpers.made.logs import write_log
from mutants.runs import head, whole

DEVIATIONS = (
    {"clause": "FER-D-01", "option": "--subset 128", "effect": "training 128 of 12,271 images"},
    {"clause": "FER-S-05", "option": "--epochs-cap 1", "effect": "the cap ended a phase before early stopping did"},
)
LINES = [
    f"not a protocol run: {deviation['clause']} {deviation['option']}: {deviation['effect']}"
    for deviation in DEVIATIONS
]


@pytest.fixture(scope="module")
def protocol_run(tmp_path_factory):
    return made_runs.made().write(tmp_path_factory.mktemp("runs") / "right")


@pytest.fixture
def deviating(tmp_path, protocol_run):
    """The same run, whose record declares two deviations."""
    folder = shutil.copytree(protocol_run, tmp_path / "deviating")
    record = json.loads((folder / "run.json").read_text())
    record["deviations"] = DEVIATIONS
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def test_a_deviating_run_does_not_pass_although_its_checks_do(deviating, protocol_run):
    right, other = suite.audit(protocol_run), suite.audit(deviating)
    assert (right.verdict, other.verdict) == ("pass", "not_evaluated")
    assert [outcome.status for outcome in other.outcomes] == [outcome.status for outcome in right.outcomes]
    assert other.runs[0].judgement.verdict == "not_evaluated"
    assert other.runs[0].not_a_protocol_run.startswith("not a protocol run: FER-D-01 --subset 128")
    assert right.runs[0].not_a_protocol_run == ""


def test_a_deviating_run_that_breaks_a_rule_fails(deviating):
    record = json.loads((deviating / "run.json").read_text())
    record["best"]["epoch"] = 0
    (deviating / "run.json").write_text(json.dumps(record))
    audit = suite.audit(deviating)
    assert (audit.verdict, audit.runs[0].judgement.verdict) == ("fail", "fail")


def test_the_audit_reports_every_deviation_with_its_effect(ferspec, deviating, tmp_path):
    status, out, _ = ferspec("audit", deviating, "--out", tmp_path / "page")
    assert status == 2
    assert out.startswith("NOT EVALUATED  ")
    assert out.splitlines()[1:3] == LINES
    page = (tmp_path / "page" / "audit.html").read_text()
    assert page.count('<span class="word">not a protocol run:</span>') == 2
    assert all(deviation["effect"] in page for deviation in DEVIATIONS)


def test_the_json_document_reports_every_deviation(ferspec, deviating, protocol_run):
    deviating_audit, right_audit = (
        json.loads(ferspec("audit", folder, "--json")[1]) for folder in (deviating, protocol_run)
    )
    assert deviating_audit["verdict"] == deviating_audit["runs"][0]["verdict"] == "not_evaluated"
    assert [f"not a protocol run: {line}" for line in deviating_audit["runs"][0]["deviations"]] == LINES
    assert deviating_audit["runs"][0]["reason"].startswith("not a protocol run: FER-D-01")
    assert (right_audit["verdict"], right_audit["runs"][0]["deviations"], right_audit["runs"][0]["reason"]) == (
        "pass",
        [],
        "",
    )


def test_a_run_by_the_protocol_reports_no_deviation(ferspec, protocol_run, tmp_path):
    status, out, _ = ferspec("audit", protocol_run, "--out", tmp_path / "page")
    assert (status, "not a protocol run" in out) == (0, False)
    assert "not a protocol run" not in (tmp_path / "page" / "audit.html").read_text()


def test_deviating_runs_among_many_are_named_and_counted(ferspec, deviating, tmp_path):
    write_log(tmp_path / "right.csv", [head(20), whole()])
    status, out, _ = ferspec("audit", deviating, tmp_path / "right.csv", "--weights", "imagenet", "-k", "FER-S-03")
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert status == 0
    assert "not evaluated" in lines["deviating"]
    assert "not a protocol run: FER-D-01" in lines["deviating"]
    assert "not protocol runs, by their own records: 1 of 2" in out
