"""Every mutant is killed by the checks of its clause, and every right variation passes."""

from collections import Counter
from functools import cache
from types import SimpleNamespace

import pytest

import mutant_table
from ferspec import spec
from ferspec.causes import OR
from ferspec.outcomes import CheckResult, Status
from ferspec.report.coverage.coverage import checks_by_clause, coverage
from ferspec.report.coverage.mutants import mutations
from ferspec.report.coverage.page import page
from helpers.places import TESTS
from mutant_table import Placed, collected, family_of, killed, passed
from mutants.kinds import Mutant, Right

ALL = collected()
MUTANTS = [placed for placed in ALL if placed.kind == "mutant"]
RIGHT = [placed for placed in ALL if placed.kind == "right"]
# the mutants that are made from one right subject, by what that is and their clause
TWINS: dict[tuple[str, str], list[Placed]] = {}
for each in MUTANTS:
    TWINS.setdefault((each.made_from, each.clause), []).append(each)
TESTABLE = [clause.id for clause in spec.load().clauses if clause.status != "untestable"]
CHECKED = checks_by_clause()
# how a check reports a capability that raises an exception
CRASH = " raised "
LEAST = {"mutant": 120, "right": 20}


@cache
def judged(placed):
    return placed.subject.judged()


def shown(findings):
    return "\n".join(f"{each.status}: {each.message} observed {each.observed}" for each in findings) or "no check"


def names(cause, finding):
    return finding.status is Status.FAIL and cause in (finding.likely or "").split(OR)


@pytest.fixture
def counted(record_property, request):
    """Count a mutant or right variation in the table at the end of the session."""

    def count(placed: Placed):
        record_property("mutation", (family_of(placed.clause), placed.kind))

    return count


@pytest.mark.parametrize("placed", MUTANTS, ids=lambda placed: placed.said)
def test_a_mutant_is_killed(placed, counted):
    counted(placed)
    findings = judged(placed)
    assert killed(findings), f"the mutant lives: {shown(findings)}"
    assert any(finding.status is Status.FAIL and CRASH not in finding.message for finding in findings), (
        f"a mutant that crashes proves nothing: {shown(findings)}"
    )
    assert placed.subject.cause is None or any(names(placed.subject.cause, finding) for finding in findings), (
        f"not named: {shown(findings)}"
    )


@pytest.mark.parametrize("placed", RIGHT, ids=lambda placed: placed.said)
def test_a_right_variation_passes(placed, counted):
    counted(placed)
    findings = judged(placed)
    assert passed(findings), shown(findings)


@pytest.mark.parametrize(("made_from", "clause"), TWINS, ids=str)
def test_the_right_subject_is_not_failed_where_its_mutants_are_killed(made_from, clause):
    findings = TWINS[made_from, clause][0].unmutated()
    assert passed(findings), shown(findings)


@pytest.mark.parametrize(("made_from", "clause"), TWINS, ids=str)
def test_each_of_the_checks_of_a_clause_kills_a_mutant(made_from, clause):
    twins = TWINS[made_from, clause]
    idle = [place for place in range(len(judged(twins[0]))) if not any(killed([judged(twin)[place]]) for twin in twins)]
    assert not idle, f"checks of {clause}, counted from 0, that no mutant fails: {idle}"


@pytest.mark.parametrize("clause", TESTABLE)
def test_a_testable_clause_has_a_check_and_a_mutant(clause):
    assert clause in CHECKED, f"{clause} has no check"
    assert [placed for placed in MUTANTS if placed.clause == clause], f"{clause} has no mutant"


def test_no_untestable_clause_has_mutants():
    assert {placed.clause for placed in ALL} <= set(TESTABLE)


def test_every_mutant_and_right_variation_has_a_name_in_one_line():
    assert [placed.said for placed in ALL if not placed.subject.name.strip() or "\n" in placed.subject.name] == []


def test_no_two_subjects_of_a_clause_have_one_name():
    counts = Counter((placed.clause, placed.subject.name) for placed in ALL)
    assert [named for named, count in counts.items() if count > 1] == []


def test_there_are_at_least_the_promised_number_of_mutants():
    counts = Counter(placed.kind for placed in ALL)
    assert {kind: count for kind, count in counts.items() if count < LEAST[kind]} == {}


# ---- the table, and what is written


@pytest.mark.parametrize(
    ("statuses", "dead", "right"),
    [
        ([Status.FAIL], True, False),
        ([Status.PASS, Status.FAIL], True, False),
        ([Status.PASS, Status.NOT_EVALUATED], False, True),
        ([Status.INCONCLUSIVE], False, False),
        ([Status.NOT_EVALUATED], False, False),
        ([], False, False),
    ],
)
def test_nothing_but_a_failure_kills_and_something_must_pass(statuses, dead, right):
    findings = [CheckResult(status=status) for status in statuses]
    assert (killed(findings), passed(findings)) == (dead, right)


def test_the_table_counts_by_family_and_in_all():
    tried = [("FER-W", "mutant", True), ("FER-W", "mutant", False), ("FER-A", "mutant", True), ("FER-W", "right", True)]
    assert mutant_table.rows(tried) == [
        ("FER-A", "1 / 1", "0 / 0"),
        ("FER-W", "1 / 2", "1 / 1"),
        ("all", "2 / 3", "1 / 1"),
    ]


AGAIN = "run: python tests/mutant_table.py --write"


def test_the_list_of_mutants_is_current():
    listed = [(each.clause, each.kind, each.name) for each in mutations()]
    assert listed == [(placed.clause, placed.kind, placed.subject.name) for placed in ALL], AGAIN


def test_the_page_of_coverage_is_current():
    assert mutant_table.COVERAGE_PAGE.read_text(encoding="utf-8") == page(coverage()), AGAIN


def judged_as(kind, *statuses):
    """Return a mutant or right variation of FER-W-02 on which that is found."""
    findings = [CheckResult(status=status) for status in statuses]
    return Placed(mutant_table, kind("FER-W-02", "the cap is missing", lambda: findings))


@pytest.mark.parametrize(
    ("placed", "status", "says"),
    [
        (judged_as(Mutant, Status.FAIL), 0, "1 / 1"),
        (judged_as(Mutant, Status.PASS), 1, "UNEXPECTED  FER-W-02 kills the cap is missing"),
        (judged_as(Right, Status.FAIL), 1, "UNEXPECTED  FER-W-02 passes the cap is missing"),
    ],
    ids=["a killed mutant", "one that lives", "a right variation that fails"],
)
def test_the_program_prints_the_table_and_fails_for_a_surviving_mutant(monkeypatch, capsys, placed, status, says):
    monkeypatch.setattr(mutant_table, "collected", lambda: (placed,))
    assert mutant_table.main() == status
    printed = capsys.readouterr().out
    assert "FER-W" in printed
    assert says in printed


def test_the_end_of_a_session_counts_what_was_reported(pytestconfig):
    [conftest] = [
        plugin
        for plugin in pytestconfig.pluginmanager.get_plugins()
        if getattr(plugin, "__file__", "") == str(TESTS / "conftest.py")
    ]
    report = SimpleNamespace(when="call", user_properties=[["mutation", ["FER-W", "mutant"]]])
    other = SimpleNamespace(when="call", user_properties=[])
    lines = []
    reporter = SimpleNamespace(
        stats={"passed": [report, other], "failed": [report]}, section=lines.append, write_line=lines.append
    )
    conftest.pytest_terminal_summary(reporter)
    assert [" ".join(line.split()) for line in lines[2:]] == ["FER-W 1 / 2 0 / 0", "all 1 / 2 0 / 0"]
